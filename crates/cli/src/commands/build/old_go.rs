//! Is the Go at hand older than a security release? Said before time is spent; the audit judges the finished program by the same facts.

use crate::config::Config;
use crate::database;
use crate::environment::{self, Environment};
use crate::failure::Failure;
use crate::output::Terminal;
use goassay_audit::policy::Profile;
use goassay_audit::releases::Releases;
use goassay_build::project::Project;

/// Warns where the database knows a release of the same minor version that fixes more, or calls the minor version unsupported.
pub(super) fn warn(
    project: &Project,
    config: &Config,
    env: &Environment,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let today = environment::today();
    let settings = crate::settings::audit_of_build(config, Profile::Production, today);
    let chosen = database::choose(settings.db.as_ref(), env)?;
    let releases = Releases::of(&chosen.open()?);
    let releases = releases.map_err(|error| crate::commands::scan::damaged(&error))?;
    chosen.unchanged()?;
    if let Some(warning) = warning(&project.go.says, &releases) {
        terminal.warn(&warning);
    }
    Ok(())
}

/// None where it is not known to be old: also for releases of vendors, which fix in their own time.
fn warning(says: &str, releases: &Releases) -> Option<String> {
    let (minor, patch) = says.strip_prefix("go1.")?.split_once('.')?;
    let (minor, patch): (u32, u32) = (minor.parse().ok()?, patch.parse().ok()?);
    let newest = *releases.newest.get(&minor)?;
    let supported = releases.supported();
    match supported.contains(&minor) {
        true if patch >= newest => None,
        true => Some(format!(
            "{says} is older than the security release go1.{minor}.{newest}: `goassay toolchain fetch 1.{minor}.{newest}`, then `goassay build --go 1.{minor}.{newest}`"
        )),
        false => {
            let least = supported.iter().min()?;
            Some(format!(
                "{says} gets no security releases any more: Go 1.{least} and newer do"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_is_what_the_database_knows_to_be_old() {
        let releases = Releases {
            newest: [(24, 13), (25, 9), (26, 3)].into(),
            ..Releases::default()
        };
        for (says, want) in [
            ("go1.26.3", None),
            ("go1.26.8", None),
            ("go1.27.0", None),
            ("go1.26.2-vendor", None),
            ("devel go1.28", None),
            ("go1.25.8", Some("the security release go1.25.9")),
            ("go1.24.13", Some("Go 1.25 and newer do")),
        ] {
            let warning = warning(says, &releases);
            match want {
                None => assert_eq!(warning, None, "{says}"),
                Some(text) => assert!(warning.unwrap().contains(text), "{says}"),
            }
        }
    }
}
