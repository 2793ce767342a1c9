//! What scanners see, and the toolchain.

use super::{Case, MACHO, OBJECT, OLD, PIE, PURE, case, gap};
use goassay_audit::facts::Facts;
use goassay_audit::facts::toolchain::Toolchain;
use goassay_audit::releases::Releases;
use goassay_vuln::version::Position;

const GO_1_26: &str = "elf-amd64-go1.26";

pub(crate) fn cases() -> Vec<Case> {
    [t8(), releases(), rest()].into_iter().flatten().collect()
}

fn t8() -> Vec<Case> {
    vec![
        case("T8-packed", "pass", PURE),
        case("T8-packed", "unknown", PURE).facts(|f| f.names = Err(gap())),
        case("T8-pclntab", "pass", PURE),
        case("T8-pclntab", "pass", "elf-amd64-wiped-magic"),
        case("T8-pclntab", "fail", PURE).facts(|f| f.names = Err(gap())),
        case("T8-pclntab", "unknown", "elf-amd64-go1.17"),
        case("T8-pclntab", "unknown", PURE).facts(|f| {
            f.names = Err(gap());
            f.missing = Some(gap());
        }),
        case("T8-build-info", "pass", PURE),
        case("T8-build-info", "fail", PURE).info(""),
        case("T8-build-info", "fail", PURE).info("path\tx\nnews\n"),
        case("T8-build-info", "unknown", PURE)
            .info("path\tx\nnews\n")
            .facts(|f| f.missing = Some(gap())),
        case("T8-symbol-table", "pass", OLD),
        case("T8-symbol-table", "fail", PURE),
        case("T8-symbol-table", "unknown", PURE).facts(|f| f.debug_info.symbol_table = Err(gap())),
        case("T8-symbol-table", "unknown", PURE).facts(|f| f.missing = Some(gap())),
        case("T8-symbol-table", "not-applicable", OBJECT),
        // Stripped: what is left is what the dynamic linker needs.
        case("T8-symbol-table", "fail", MACHO),
    ]
}

fn toolchain<'f>(facts: &'f mut Facts<'_>) -> &'f mut Toolchain {
    facts.toolchain.as_mut().expect("a toolchain")
}

fn development(facts: &mut Facts<'_>) {
    toolchain(facts).position = Position::Between {
        from: None,
        below: "1.28.0-0".to_owned(),
        why: "a development version".to_owned(),
    };
}

fn releases() -> Vec<Case> {
    vec![
        case("T10-supported", "pass", PURE),
        case("T10-supported", "fail", OLD),
        case("T10-supported", "fail", MACHO),
        case("T10-supported", "unknown", PURE).policy(|p| p.releases = None),
        case("T10-supported", "unknown", PURE).policy(|p| p.as_of = None),
        // By then there are two newer ones, whatever the database knows.
        case("T10-supported", "unknown", PURE).policy(|p| p.as_of = "2027-09-01".parse().ok()),
        // 1.28 is due in February, and the database knows a candidate of it.
        case("T10-supported", "pass", PURE).policy(|p| p.as_of = "2027-06-01".parse().ok()),
        case("T10-supported", "unknown", GO_1_26).policy(|p| p.as_of = "2027-03-31".parse().ok()),
        case("T10-supported", "fail", GO_1_26).policy(|p| p.as_of = "2027-04-01".parse().ok()),
        case("T10-supported", "unknown", GO_1_26).policy(|p| {
            p.as_of = "2027-04-01".parse().ok();
            p.releases = Some(Releases {
                candidates: [27].into(),
                ..super::releases()
            });
        }),
        case("T10-supported", "unknown", PURE)
            .facts(|f| toolchain(f).vendor = Some("Red Hat".to_owned())),
        case("T10-supported", "unknown", PURE).facts(development),
        case("T10-patched", "pass", PURE),
        case("T10-patched", "fail", GO_1_26),
        case("T10-patched", "unknown", OLD),
        case("T10-patched", "unknown", PURE).policy(|p| p.as_of = "2027-09-01".parse().ok()),
        case("T10-release", "pass", PURE),
        case("T10-release", "pass", PURE)
            .facts(|f| toolchain(f).vendor = Some("Red Hat".to_owned())),
        case("T10-release", "fail", PURE).facts(development),
        case("T10-release", "fail", PURE)
            .facts(|f| toolchain(f).position = Position::At("1.27.0-rc.1".to_owned())),
        case("T10-release", "unknown", PURE)
            .facts(|f| toolchain(f).position = Position::Unknown("odd".to_owned())),
        case("T10-experiments", "pass", PURE),
        case("T10-experiments", "fail", PURE)
            .info("path\tx\nmod\tx\tv1\nbuild\tGOEXPERIMENT=arenas\n"),
        case("T10-experiments", "unknown", PURE).facts(|f| f.toolchain = Err(gap())),
    ]
}

fn rest() -> Vec<Case> {
    const TLS10: &str = "path\tx\nmod\tx\tv1\nbuild\tDefaultGODEBUG=panicnil=1,tls10server=1\n";
    vec![
        case("T10-godebug", "pass", PURE)
            .info("path\tx\nmod\tx\tv1\nbuild\tDefaultGODEBUG=panicnil=1\n"),
        case("T10-godebug", "pass", PURE).info(TLS10).facts(|f| {
            if let Ok(names) = &mut f.names {
                names.packages.remove("crypto/tls");
            }
        }),
        case("T10-godebug", "fail", PURE).info(TLS10).facts(|f| {
            if let Ok(names) = &mut f.names {
                names.packages.insert("crypto/tls".to_owned());
            }
        }),
        case("T10-godebug", "unknown", PURE).info("path\tx\nmod\tx\tv1\n"),
        case("T10-instrumented", "pass", PIE),
        case("T10-instrumented", "fail", PURE).info("path\tx\nmod\tx\tv1\nbuild\t-race=true\n"),
        case("T10-instrumented", "fail", PURE)
            .info("path\tx.test\nmod\tx\tv1\nbuild\tGOOS=linux\n"),
        case("T10-instrumented", "fail", PURE)
            .info("path\tx\nmod\tx\tv1\n")
            .facts(|f| {
                if let Ok(names) = &mut f.names {
                    names.packages.insert("runtime/race".to_owned());
                }
            }),
        case("T10-instrumented", "unknown", PURE).info("path\tx\nmod\tx\tv1\n"),
        case("T10-optimised", "pass", PURE),
        case("T10-optimised", "fail", PURE)
            .info("path\tx\nmod\tx\tv1\nbuild\t-gcflags=\"all=-N -l\"\n"),
        case("T10-optimised", "unknown", PURE).info("path\tx\nmod\tx\tv1\n"),
    ]
}
