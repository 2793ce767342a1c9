//! `[[budget]]`: the most bytes that a file, a module or a package may take.

use super::{Reader, Value};
use goassay_report::sizes::Limited;

/// One `[[budget]]` entry.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Budget {
    /// Line of the entry, 1-based.
    pub(crate) line: usize,
    pub(crate) of: Limited,
    pub(crate) binary: Option<String>,
    pub(crate) most: u64,
}

impl Reader<'_> {
    pub(super) fn budgets(&mut self, value: &Value<'_>) -> Vec<Budget> {
        let Some(array) = value.get_ref().as_array() else {
            self.fault(value.span(), "`budget` must be written as `[[budget]]`");
            return Vec::new();
        };
        array
            .iter()
            .filter_map(|entry| self.budget(entry))
            .collect()
    }

    fn budget(&mut self, entry: &Value<'_>) -> Option<Budget> {
        let (line, _) = self.position(entry.span().start);
        let [mut module, mut package, mut binary] = [const { None }; 3];
        let mut most = None;
        let table = self.table(entry, "budget");
        for &(key, value) in &table {
            match key.get_ref().as_ref() {
                "module" => module = self.text(value, "module"),
                "package" => package = self.text(value, "package"),
                "binary" => binary = self.text(value, "binary"),
                "most" => most = self.bytes(value),
                other => {
                    let known = "`module`, `package`, `binary`, `most`";
                    self.unknown(key.span(), other, known);
                }
            }
        }
        if !table.iter().any(|(key, _)| key.get_ref() == "most") {
            let message = "`most` is missing: how many bytes may it take?";
            self.fault(entry.span(), message);
        }
        let of = match (module, package) {
            (Some(_), Some(_)) => {
                let message = "a budget is for a `module` or a `package`, not for both";
                return self.give_up(entry.span(), message);
            }
            (Some(module), None) => Limited::Module(module),
            (None, Some(package)) => Limited::Package(package),
            (None, None) => Limited::File,
        };
        Some(Budget {
            line,
            of,
            binary,
            most: most?,
        })
    }

    fn bytes(&mut self, value: &Value<'_>) -> Option<u64> {
        let number = value.get_ref().as_integer();
        let number = number.and_then(|n| n.as_str().replace('_', "").parse().ok());
        let read = number.or_else(|| bytes(value.get_ref().as_str()?));
        if read.is_none() {
            let message = "`most` must be a number of bytes: 2_000_000, \"60 MB\", \"3 MiB\"";
            return self.give_up(value.span(), message);
        }
        read
    }
}

/// A number with a unit: `60 MB`, `3 MiB`, `800kB`.
fn bytes(text: &str) -> Option<u64> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let one: u64 = match unit.trim() {
        "" | "B" => 1,
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(one)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes("60 MB"), Some(60_000_000));
        assert_eq!(bytes("3MiB"), Some(3 << 20));
        assert_eq!(bytes("12"), Some(12));
        for wrong in ["", "MB", "1.5 MB", "-1", "1 mb", "99999999999999999999"] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn budgets_are_for_a_file_a_module_or_a_package() {
        let config = parse(
            "[[budget]]\nmost = 1_000\nbinary = \"b\"\n\
             [[budget]]\nmodule = \"m\"\nmost = \"1 kB\"\n[[budget]]\npackage = \"p/...\"\nmost = 1\n",
        )
        .unwrap();
        let of: Vec<_> = config
            .budgets
            .iter()
            .map(|b| (b.line, &b.of, b.most))
            .collect();
        let module = Limited::Module("m".into());
        let package = Limited::Package("p/...".into());
        assert_eq!(
            of,
            [
                (1, &Limited::File, 1000),
                (4, &module, 1000),
                (7, &package, 1)
            ]
        );
        let faults = parse(
            "[[budget]]\nmodule = \"m\"\npackage = \"p\"\nmost = \"much\"\n[[budget]]\nleast = 1\n",
        )
        .unwrap_err();
        let lines: Vec<_> = faults.iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [1, 4, 5, 6], "{faults:?}");
    }
}
