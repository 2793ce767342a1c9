//! Words of a flag list, and the assignments of `-X` among them.
//!
//! Quoting as in `src/cmd/internal/quoted`: a word that begins with a quote ends at the next one; there are no escapes.

/// The words of a list of flags.
fn words(flags: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = flags.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '\'' | '"' => {
                let inside = rest.get(1..).unwrap_or_default();
                inside.split_once(first).unwrap_or((inside, ""))
            }
            _ => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        words.push(word);
        rest = after.trim_start();
    }
    words
}

/// Variable and value of each `-X`, in order.
pub(super) fn assignments(flags: &str) -> Vec<(String, String)> {
    let mut words = words(flags).into_iter();
    let mut assignments = Vec::new();
    while let Some(word) = words.next() {
        let flag = word.strip_prefix("--").or(word.strip_prefix('-'));
        let definition = match flag {
            Some("X") => words.next(),
            Some(flag) => flag.strip_prefix("X="),
            None => None,
        };
        if let Some((name, value)) = definition.and_then(|text| text.split_once('=')) {
            assignments.push((name.to_owned(), value.to_owned()));
        }
    }
    assignments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_x_is_read() {
        let flags = "-s -w -X main.a=1 '-X=main.b=two words' --X \"main.c=x=y\" -X main.d -extldflags '-X main.e=5'";
        let pairs = assignments(flags);
        let expected = [("main.a", "1"), ("main.b", "two words"), ("main.c", "x=y")];
        assert_eq!(
            pairs,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert!(assignments("").is_empty());
        assert_eq!(assignments("'-X=a=b"), [("a".to_owned(), "b".to_owned())]);
    }
}
