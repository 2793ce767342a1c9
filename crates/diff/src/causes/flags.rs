//! Values of `-ldflags`, word by word.

/// The words of a value, as the go command splits them: at spaces, but for quoted parts.
pub(super) fn words(value: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in value.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Flags with their values, in order: those that take one may have it in the next word.
pub(super) fn flags(value: &str) -> Vec<(String, Option<String>)> {
    const WITH_VALUE: [&str; 8] = [
        "X",
        "buildid",
        "linkmode",
        "extld",
        "extldflags",
        "B",
        "I",
        "r",
    ];
    let mut flags = Vec::new();
    let mut words = words(value).into_iter();
    while let Some(word) = words.next() {
        let name = word.trim_start_matches('-');
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None if WITH_VALUE.contains(&name) => (name.to_owned(), words.next()),
            None => (name.to_owned(), None),
        };
        flags.push((name, value));
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_the_go_command_does() {
        let value = "-s -w -X main.v=1 -X 'main.date=a b' -buildid= -linkmode external";
        let expected = [
            ("s", None),
            ("w", None),
            ("X", Some("main.v=1")),
            ("X", Some("main.date=a b")),
            ("buildid", Some("")),
            ("linkmode", Some("external")),
        ];
        let expected: Vec<(String, Option<String>)> = expected
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)))
            .collect();
        assert_eq!(flags(value), expected);
    }
}
