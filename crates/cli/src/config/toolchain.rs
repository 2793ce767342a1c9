//! The part of `goassay.toml` that `toolchain` reads: `[toolchain]`.
//!
//! It says what the settings of the go command leave open, and overrides none of them: a checkout must not be able to
//! choose another checksum database than its user.

use super::{Reader, Value};

/// `[toolchain]`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Toolchain {
    /// As GOPROXY.
    pub(crate) proxy: Option<String>,
    /// As GOSUMDB.
    pub(crate) sumdb: Option<String>,
}

impl Reader<'_> {
    pub(super) fn toolchain(&mut self, value: &Value<'_>) -> Toolchain {
        let mut toolchain = Toolchain::default();
        for (key, value) in self.table(value, "toolchain") {
            match key.get_ref().as_ref() {
                "proxy" => toolchain.proxy = self.text(value, "proxy"),
                "sumdb" => toolchain.sumdb = self.text(value, "sumdb"),
                other => self.unknown(key.span(), other, "`proxy`, `sumdb`"),
            }
        }
        toolchain
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    #[test]
    fn keys_are_read_and_others_are_faults() {
        let config = parse("[toolchain]\nproxy = \"p\"\nsumdb = \"s\"\n")
            .unwrap()
            .toolchain;
        assert_eq!(
            (config.proxy.as_deref(), config.sumdb.as_deref()),
            (Some("p"), Some("s"))
        );
        let faults = parse("[toolchain]\nproxi = \"p\"\nsumdb = 1\n").unwrap_err();
        assert_eq!(faults.len(), 2);
    }
}
