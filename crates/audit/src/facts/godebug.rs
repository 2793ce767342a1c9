//! Defaults of GODEBUG that were fixed when the program was built (`DefaultGODEBUG`).

use super::settings;
use goassay_binary::Binary;
use goassay_binary::gap::Fact;

/// One default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Name (hostile): `tls10server`.
    pub name: String,
    /// Value (hostile).
    pub value: String,
    /// How it weakens security, where it does: one clause without a full stop.
    pub weakens: Option<&'static str>,
}

/// Reads the defaults, in the recorded order.
///
/// # Errors
/// Where no build settings are recorded.
pub fn read(binary: &Binary<'_>) -> Fact<Vec<Setting>> {
    let info = settings(binary)?;
    let list = info.setting("DefaultGODEBUG").unwrap_or_default();
    let pairs = list.split(',').filter_map(|pair| pair.split_once('='));
    Ok(pairs
        .map(|(name, value)| Setting {
            name: name.to_owned(),
            value: value.to_owned(),
            weakens: None,
        })
        .collect())
}
