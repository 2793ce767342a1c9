//! Executables whose contents are compressed: what is in them cannot be read from the file.

/// The packer that made the file, by the marks it leaves. Only UPX is known (its source, `src/stub` and `src/packhead`).
pub(crate) fn packer(data: &[u8]) -> Option<&'static str> {
    const MARK: &[u8] = b"UPX!";
    /// The first mark stands behind the headers, the last one in the pack header at the end of the file.
    const WINDOW: usize = 4096;
    let head = data.get(..data.len().min(WINDOW)).unwrap_or_default();
    let tail = data
        .get(data.len().saturating_sub(WINDOW)..)
        .unwrap_or_default();
    let marked = |window| memchr::memmem::find(window, MARK).is_some();
    (marked(head) && (marked(tail) || marked_sections(head))).then_some("UPX")
}

/// UPX names the sections of a PE file `UPX0` and `UPX1`.
fn marked_sections(head: &[u8]) -> bool {
    memchr::memmem::find(head, b"UPX0").is_some() && memchr::memmem::find(head, b"UPX1").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_alone_in_the_middle_is_not_a_packer() {
        let mut data = vec![0; 20_000];
        data[10_000..10_004].copy_from_slice(b"UPX!");
        assert_eq!(packer(&data), None);
        data[100..104].copy_from_slice(b"UPX!");
        assert_eq!(packer(&data), None);
        data[19_970..19_974].copy_from_slice(b"UPX!");
        assert_eq!(packer(&data), Some("UPX"));
        assert_eq!(packer(b""), None);
    }
}
