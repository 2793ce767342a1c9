//! Debug information, traces of the builder, linkage.

use super::{CGO, Case, MACHO, OLD, PE, PIE, PLUGIN, PURE, case, gap};
use goassay_audit::facts::ccode::CCode;
use goassay_audit::facts::crypto::{FipsMode, Variant};
use goassay_audit::facts::leaks::{Leak, Place};
use goassay_audit::facts::linkage::{Cause, Linkage};
use goassay_binary::address::FileOffset;
use goassay_binary::debuginfo::{Compression, DebugSection};

/// A module text without flags of note.
const PLAIN: &str = "path\tx\nmod\ta.b/x\tv1.2.3\th1:kdXcSzyDtseVEc4yCz2qF8ZrQvIDBJLl4S1c3GCXmoI=\nbuild\tGOOS=linux\n";

pub(crate) fn cases() -> Vec<Case> {
    [t1(), t2(), t3(), fips()].into_iter().flatten().collect()
}

fn t1() -> Vec<Case> {
    vec![
        case("T1-debug-info", "pass", PURE),
        case("T1-debug-info", "pass", OLD),
        case("T1-debug-info", "fail", PURE).facts(|f| {
            f.debug_info.sections = Ok(vec![DebugSection {
                name: b".debug_info",
                offset: FileOffset(64),
                len: 1000,
                compression: Compression::None,
                uncompressed: 1000,
            }]);
        }),
        case("T1-debug-info", "unknown", PURE).facts(|f| f.debug_info.sections = Err(gap())),
        case("T1-debug-info", "unknown", PURE).facts(|f| f.missing = Some(gap())),
        case("T1-debug-findable", "pass", PURE),
        case("T1-debug-findable", "pass", CGO)
            .facts(|f| f.debug_info.gnu_build_id = Ok(Some(b"id"))),
        case("T1-debug-findable", "fail", OLD),
        case("T1-debug-findable", "unknown", OLD).facts(|f| f.debug_info.gnu_build_id = Err(gap())),
        case("T1-debug-findable", "not-applicable", PE),
    ]
}

fn t2() -> Vec<Case> {
    let lost = "path\tx\nmod\ta.b/x\tv1.2.3\th1:a=\nbuild\t-trimpath=true\n";
    vec![
        case("T2-trimpath", "pass", PURE),
        case("T2-trimpath", "fail", PURE).facts(|f| f.leaks.absolute_sources = Ok(true)),
        case("T2-trimpath", "unknown", PURE).facts(|f| f.leaks.absolute_sources = Err(gap())),
        case("T2-paths", "pass", PURE),
        case("T2-paths", "fail", PURE).info("path\tx\nmod\tx\tv1.2.3\th1:a=\nbuild\tCGO_CFLAGS=-I/home/eve/include\n"),
        case("T2-paths", "fail", PURE).facts(|f| {
            f.leaks.gaps.push(gap());
            f.leaks.paths.push(Leak {
                place: Place::Data,
                path: "/home/eve/x".to_owned(),
                user: Some("eve".to_owned()),
                count: 2,
            });
        }),
        case("T2-paths", "unknown", PURE).facts(|f| f.leaks.gaps.push(gap())),
        case("T2-x-recorded", "pass", PURE),
        case("T2-x-recorded", "pass", PIE),
        case("T2-x-recorded", "pass", PE),
        case("T2-x-recorded", "pass", MACHO),
        case("T2-x-recorded", "pass", PURE).info("path\tx\nmod\tx\tv1\nbuild\t-ldflags=\"-X a.b=c\"\n"),
        // The text that the go command set is taken for a value of the user where nothing says that it is not.
        case("T2-x-recorded", "unknown", PLUGIN),
        case("T2-x-recorded", "fail", PURE).facts(|f| {
            use goassay_audit::facts::ldflags::{Looks, Source, Value};
            f.linker_flags.values = Ok(vec![Value {
                variable: None,
                value: "v1.2.3".to_owned(),
                source: Source::Data,
                looks: Looks::Version,
            }]);
        }),
        case("T2-build-date", "pass", PURE),
        case("T2-build-date", "fail", PURE).info("path\tx\nmod\tx\tv1\nbuild\t-ldflags=\"-X main.date=2026-11-21\"\n"),
        case("T2-build-date", "pass", PURE).info(
            "path\tx\nmod\tx\tv1\nbuild\t-ldflags=\"-X a.d=2026-11-21T10:11:12Z\"\nbuild\tvcs.time=2026-11-21T10:11:12Z\n",
        ),
        case("T2-build-date", "unknown", PLUGIN),
        case("T2-private-modules", "not-applicable", PURE),
        case("T2-private-modules", "fail", PURE)
            .info("path\tx\nmod\tgit.corp.example/x\tv1\nbuild\tGOOS=linux\n")
            .policy(|p| p.expectations.private_modules.push("*.corp.example".to_owned())),
        case("T2-private-modules", "pass", PURE)
            .info(lost)
            .policy(|p| p.expectations.private_modules.push("*.corp.example".to_owned())),
        case("T2-private-modules", "unknown", PURE)
            .info("path\tx\nmod\tx\tv1\nnews\n")
            .policy(|p| p.expectations.private_modules.push("*.corp.example".to_owned())),
        case("T2-credentials", "pass", PURE),
        case("T2-credentials", "fail", PURE).info("path\tx\nmod\tx\tv1\nbuild\t-ldflags=\"-X main.token=d41d8cd98f\"\n"),
        case("T2-credentials", "fail", PLUGIN).info("path\tx\nmod\tx\tv1\nbuild\tCGO_LDFLAGS=-L https://u:hunter22@h/\nnews\n"),
        case("T2-credentials", "unknown", PLUGIN),
        case("T2-credentials", "unknown", PURE).info("path\tx\nmod\tx\tv1\nnews\n"),
    ]
}

fn dynamic() -> Linkage {
    Linkage {
        interpreter: Ok(Some("/lib/ld.so".to_owned())),
        needed: Ok(vec!["libc.so.6".to_owned()]),
        because: vec![Cause::Net],
    }
}

fn calls_c(packages: &[&str]) -> CCode {
    CCode {
        linked: true,
        packages: packages.iter().map(|path| (*path).to_owned()).collect(),
        ..CCode::default()
    }
}

fn t3() -> Vec<Case> {
    vec![
        case("T3-static", "pass", PURE),
        case("T3-static", "fail", PIE),
        case("T3-static", "fail", PURE).facts(|f| f.linkage = Ok(dynamic())),
        case("T3-static", "unknown", PURE).facts(|f| f.linkage = Err(gap())),
        case("T3-static", "not-applicable", PE),
        case("T3-static", "not-applicable", CGO),
        case("T3-static-nss", "not-applicable", PURE),
        case("T3-static-nss", "pass", PURE).facts(|f| f.c_code = Ok(calls_c(&["example.com/c"]))),
        case("T3-static-nss", "fail", PURE).facts(|f| f.c_code = Ok(calls_c(&["net"]))),
        case("T3-static-nss", "unknown", PURE).facts(|f| f.c_code = Err(gap())),
        case("T3-nss", "pass", PURE),
        case("T3-nss", "fail", PURE).facts(|f| {
            if let Ok(names) = &mut f.names {
                names.packages.insert("os/user".to_owned());
            }
        }),
        case("T3-nss", "unknown", PURE).facts(|f| f.names = Err(gap())),
        case("T3-nss", "not-applicable", MACHO),
        case("T3-tags", "not-applicable", PURE),
        case("T3-tags", "fail", PURE)
            .policy(|p| p.expectations.required_tags.push("netgo".to_owned())),
        case("T3-tags", "pass", PURE)
            .info("path\tx\nmod\tx\tv1\nbuild\t-tags=netgo,osusergo\n")
            .policy(|p| {
                p.expectations.required_tags.push("netgo".to_owned());
                p.expectations.allowed_tags = Some(vec!["osusergo".to_owned()]);
            }),
        case("T3-tags", "fail", PURE)
            .info("path\tx\nmod\tx\tv1\nbuild\t-tags=netgo,debug\n")
            .policy(|p| p.expectations.allowed_tags = Some(vec!["netgo".to_owned()])),
        case("T3-tags", "unknown", PURE)
            .info("path\tx\nmod\tx\tv1\n")
            .policy(|p| p.expectations.required_tags.push("netgo".to_owned())),
    ]
}

fn fips() -> Vec<Case> {
    const CHOSEN: &str =
        "path\tx\nmod\tx\tv1\nbuild\tGOFIPS140=v1.0.0-c2097c7c\nbuild\tDefaultGODEBUG=fips140=on\n";
    vec![
        case("T3-fips-claim", "not-applicable", PURE),
        case("T3-fips-claim", "pass", PURE).info(CHOSEN),
        case("T3-fips-claim", "fail", PURE)
            .info("path\tx\nmod\tx\tv1\nbuild\tGOFIPS140=v1.0.0-c2097c7c\n"),
        case("T3-fips-claim", "fail", PURE)
            .info("path\tx\nmod\tx\tv1\nbuild\tGOEXPERIMENT=boringcrypto\n"),
        case("T3-fips-claim", "unknown", PURE).facts(|f| f.crypto = Err(gap())),
        case("T3-fips-claim", "fail", PURE).facts(|f| {
            if let Ok(crypto) = &mut f.crypto {
                crypto.variant = Variant::OpenSsl("golang-fips");
            }
        }),
        case("T3-fips", "fail", PURE).info(PLAIN).facts(|f| {
            if let Ok(crypto) = &mut f.crypto {
                crypto.variant = Variant::Go;
            }
        }),
        case("T3-fips", "pass", PURE).info(CHOSEN),
        case("T3-fips", "fail", PURE).info(
            "path\tx\nmod\tx\tv1\nbuild\tGOFIPS140=latest\nbuild\tDefaultGODEBUG=fips140=on\n",
        ),
        case("T3-fips", "unknown", PURE).facts(|f| f.crypto = Err(gap())),
        case("T3-fips", "unknown", PURE).info(CHOSEN).facts(|f| {
            if let Ok(crypto) = &mut f.crypto {
                crypto.fips_mode = Err(gap());
            }
        }),
        case("T3-fips", "not-applicable", PURE).facts(|f| {
            if let Ok(crypto) = &mut f.crypto {
                (crypto.variant, crypto.fips_mode) = (Variant::None, Ok(FipsMode::Off));
            }
        }),
    ]
}
