//! The compact database: what is built is read back, and what is damaged is refused.

use super::{BuildError, Builder, Database, DatabaseError, Source, embedded};
use crate::finding::ReviewStatus;
use crate::version::range::{Event, Scheme};

/// Three advisories over four modules, with everything that the format can hold.
const SAMPLES: [(&str, &str); 3] = [
    (
        "GO-2021-0001.json",
        r#"{"id": "GO-2021-0001", "published": "2021-04-14T20:04:52Z", "modified": "0001-01-01T00:00:00Z",
            "aliases": ["CVE-2020-36567", "GHSA-6vm3-jj99-7229"],
            "affected": [{"package": {"name": "example.com/web", "ecosystem": "Go"},
                "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.6.0"}]}],
                "ecosystem_specific": {"imports": [{"path": "example.com/web/log", "symbols": ["T.M", "F"]}]}}],
            "database_specific": {"url": "https://pkg.go.dev/vuln/GO-2021-0001", "review_status": "REVIEWED"}}"#,
    ),
    (
        "GO-2022-0002.json",
        r#"{"id": "GO-2022-0002", "withdrawn": "2024-08-21T16:25:56Z",
            "affected": [
                {"package": {"name": "stdlib", "ecosystem": "Go"},
                 "ranges": [{"type": "SEMVER", "events": [{"introduced": "1.21.0-0"}, {"last_affected": "1.21.3"}]}],
                 "ecosystem_specific": {"imports": [{"path": "net/url", "goos": ["linux", "darwin"], "goarch": ["arm"]}]}},
                {"package": {"name": "example.com/web", "ecosystem": "Go"}}],
            "database_specific": {"review_status": "UNREVIEWED"}}"#,
    ),
    (
        "GO-2023-0003.json",
        r#"{"id": "GO-2023-0003",
            "affected": [{"package": {"name": "example.com/own", "ecosystem": "Go"},
                "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
                "ecosystem_specific": {"custom_ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "9.2"}]}]}}],
            "database_specific": {"url": "https://example.com/3"}}"#,
    ),
];

fn source() -> Source {
    Source {
        name: "samples".to_owned(),
        revision: Some("abc".to_owned()),
        date: "2026-08-21".parse().ok(),
    }
}

fn sample() -> Vec<u8> {
    build(&[0, 1, 2])
}

fn build(order: &[usize]) -> Vec<u8> {
    let mut builder = Builder::new();
    for number in order {
        let (name, json) = SAMPLES[*number];
        builder.add_json(name, json.as_bytes()).unwrap();
    }
    builder.finish(&source()).unwrap()
}

#[test]
fn what_goes_in_comes_out() {
    let bytes = sample();
    let database = Database::open(&bytes).unwrap();
    let identity = database.identity();
    assert_eq!(
        (identity.source.as_str(), identity.revision.as_deref()),
        ("samples", Some("abc"))
    );
    assert_eq!(
        (identity.date, identity.advisories),
        ("2026-08-21".parse().ok(), 3)
    );
    assert!(database.verify());
    assert_eq!(
        database.modules().unwrap(),
        ["example.com/own", "example.com/web", "stdlib"]
    );

    let web = database.affected("example.com/web").unwrap();
    let [first, second] = web.as_slice() else {
        panic!("{web:?}")
    };
    assert_eq!(
        first.ranges[0].events,
        [Event::Introduced("0"), Event::Fixed("1.6.0")]
    );
    assert_eq!(first.imports[0].symbols, ["F", "T.M"]);
    assert_eq!((second.ranges.len(), second.imports.len()), (0, 0));

    let stdlib = &database.affected("stdlib").unwrap()[0];
    let events = &stdlib.ranges[0].events;
    assert_eq!(
        *events,
        [Event::Introduced("1.21.0-0"), Event::LastAffected("1.21.3")]
    );
    assert_eq!(stdlib.imports[0].goos, ["darwin", "linux"]);
    assert_eq!(stdlib.imports[0].goarch, ["arm"]);

    let own = &database.affected("example.com/own").unwrap()[0];
    assert_eq!(own.custom_ranges[0].scheme, Scheme::Ecosystem);
    assert_eq!(own.custom_ranges[0].events, [Event::Fixed("9.2")]);

    for absent in ["", "a", "example.com/we", "example.com/web/log", "zzz"] {
        assert_eq!(database.affected(absent).unwrap(), [], "{absent}");
    }
}

#[test]
fn advisories_are_found_by_number_and_by_id() {
    let bytes = sample();
    let database = Database::open(&bytes).unwrap();
    let all: Vec<_> = database.advisories().map(Result::unwrap).collect();
    assert_eq!(all.len(), 3);
    for (number, entry) in all.iter().enumerate() {
        assert_eq!(database.advisory(number as u32).unwrap(), *entry);
        assert_eq!(
            database.find(&entry.advisory.id).unwrap().as_ref(),
            Some(entry)
        );
    }
    assert_eq!(database.find("GO-2022-0003").unwrap(), None);

    let [first, second, third] = all.as_slice() else {
        panic!()
    };
    assert_eq!(first.advisory.url, "https://pkg.go.dev/vuln/GO-2021-0001");
    assert_eq!(
        second.advisory.url,
        "https://osv.dev/vulnerability/GO-2022-0002"
    );
    assert_eq!(third.advisory.url, "https://example.com/3");
    assert_eq!(
        first.advisory.aliases,
        ["CVE-2020-36567", "GHSA-6vm3-jj99-7229"]
    );
    assert_eq!(
        first.advisory.published.as_deref(),
        Some("2021-04-14T20:04:52Z")
    );
    assert_eq!(first.advisory.modified, None);
    assert_eq!(second.withdrawn, Some("2024-08-21T16:25:56Z"));
    let reviews = [
        ReviewStatus::Reviewed,
        ReviewStatus::Unreviewed,
        ReviewStatus::Unknown,
    ];
    assert_eq!(
        [first, second, third].map(|entry| entry.advisory.review),
        reviews
    );
    let modules: Vec<_> = second
        .affected
        .iter()
        .map(|affected| affected.module)
        .collect();
    assert_eq!(modules, ["example.com/web", "stdlib"], "by module path");
}

#[test]
fn the_order_of_files_does_not_matter() {
    let expected = sample();
    for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        assert_eq!(build(&order), expected);
    }
    assert_eq!(build(&[0, 1, 2, 1, 0]), expected, "the same file twice");
}

#[test]
fn the_hash_is_that_of_the_facts() {
    let facts = |bytes: &[u8]| Database::open(bytes).unwrap().identity().sha256;
    let mut builder = Builder::new();
    for (name, json) in SAMPLES {
        builder.add_json(name, json.as_bytes()).unwrap();
    }
    let elsewhere = builder.finish(&Source::default()).unwrap();
    assert_ne!(elsewhere, sample());
    assert_eq!(facts(&elsewhere), facts(&sample()));
    assert_ne!(facts(&build(&[0, 1])), facts(&sample()));
}

#[test]
fn contradictions_and_emptiness_are_refused() {
    let mut builder = Builder::new();
    assert_eq!(builder.finish(&source()), Err(BuildError::Empty));
    let npm = r#"{"id": "X", "affected": [{"package": {"name": "a", "ecosystem": "npm"}}]}"#;
    builder.add_json("npm.json", npm.as_bytes()).unwrap();
    assert!(builder.is_empty());
    builder
        .add_json(SAMPLES[0].0, SAMPLES[0].1.as_bytes())
        .unwrap();
    let other = SAMPLES[0].1.replace("1.6.0", "1.6.1");
    let error = builder
        .add_json("b/GO-2021-0001.json", other.as_bytes())
        .unwrap_err();
    assert!(error.to_string().contains("b/GO-2021-0001.json"), "{error}");
}

#[test]
fn every_truncation_is_refused() {
    let bytes = sample();
    for length in 0..bytes.len() {
        let error = Database::open(&bytes[..length]).unwrap_err();
        let expected = if length == 0 {
            matches!(error, DatabaseError::NotADatabase)
        } else {
            matches!(error, DatabaseError::Truncated { found, .. } if found == length as u64)
                || length < 8
        };
        assert!(expected, "{length}: {error:?}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(matches!(
        Database::open(&longer),
        Err(DatabaseError::Altered(_))
    ));
}

#[test]
fn every_altered_byte_is_refused() {
    let bytes = sample();
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut altered = bytes.clone();
            altered[at] ^= flip;
            assert!(Database::open(&altered).is_err(), "byte {at} ^ {flip:#x}");
        }
    }
}

/// Somebody can alter a file and make its checksum fit: then lookups must still end in an answer or an error.
#[test]
fn a_forged_checksum_gives_errors_and_no_panic() {
    let bytes = sample();
    let mut refused = 0;
    for at in 16..bytes.len() {
        for flip in [0x01, 0x10, 0x80, 0xff] {
            let mut forged = bytes.clone();
            forged[at] ^= flip;
            let sum = crc32fast::hash(&forged[16..]);
            forged[12..16].copy_from_slice(&sum.to_le_bytes());
            refused += usize::from(read_all(&forged).is_err());
        }
    }
    assert!(refused > bytes.len(), "only {refused} were noticed");
}

fn read_all(bytes: &[u8]) -> Result<(), DatabaseError> {
    let database = Database::open(bytes)?;
    for module in database.modules()? {
        database.affected(module)?;
    }
    for entry in database.advisories() {
        database.find(&entry?.advisory.id)?;
    }
    if database.verify() {
        Ok(())
    } else {
        Err(DatabaseError::Altered("sha256".to_owned()))
    }
}

#[test]
fn other_files_and_newer_formats_are_told_apart() {
    for other in [&b"PK\x03\x04"[..], b"\x7fELF", b"GOASSAYX________", b""] {
        assert_eq!(
            Database::open(other).unwrap_err(),
            DatabaseError::NotADatabase
        );
    }
    let mut newer = sample();
    newer[8] = 2;
    let error = Database::open(&newer).unwrap_err();
    assert_eq!(error, DatabaseError::Newer { found: 2, known: 1 });
    assert!(error.hint().contains("Update goassay"));
    newer[10] = 1;
    let error = Database::open(&newer).unwrap_err();
    assert!(matches!(error, DatabaseError::Altered(_)), "{error}");
}

#[test]
fn the_embedded_database_is_whole() {
    let database = embedded().unwrap();
    assert!(database.verify());
    assert_eq!(database.identity().advisories, 4291);
    assert_eq!(
        database.identity().revision.as_deref(),
        Some("a752ea54fd1b")
    );
    let mut withdrawn = 0;
    for entry in database.advisories() {
        withdrawn += usize::from(entry.unwrap().withdrawn.is_some());
    }
    assert_eq!(withdrawn, 17);
    assert_eq!(database.modules().unwrap().len(), 1373);
}
