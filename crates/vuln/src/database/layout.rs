//! How the file is laid out: what writer and reader agree on.
//!
//! ```text
//! magic[8] format:u32 crc32:u32 length:u64 payload:u32 advisories:u32 sha256[32] identity     header
//! strings:u32 text:u32 modules:u32 advisories:u32 records:u32                                  payload: counts and sizes
//! end[strings]:u32  text  (path,first,count)[modules]:u32*3  offset[advisories]:u32  records   payload: sections
//! ```
//!
//! Little-endian. `crc32` covers all that follows it, `length` is that of the file, `payload` the offset at which the
//! facts start; `sha256` is theirs. Identity is three texts (length:u16, bytes): source, revision, date. Strings are
//! sorted; a string is named by its index. Records are sequences of LEB128 numbers:
//!
//! ```text
//! affected:  module advisory n range* n range* n import*           in the order of modules, then of advisories
//! range:     (n << 1 | scheme) (version << 2 | kind)*
//! import:    path n symbol* n goos* n goarch*
//! advisory:  id review published? modified? withdrawn? url n alias* n affected*       (`?`: 0 or string + 1)
//! url:       0 none, 1 the Go project's page for the id, else string + 2
//! ```

pub(super) const MAGIC: [u8; 8] = *b"GOASSAYV";
pub(super) const FORMAT: u32 = 1;
/// Formats above this one are damage, not the future.
pub(super) const LAST_CREDIBLE_FORMAT: u32 = 999;
/// Where the checksummed part starts.
pub(super) const CHECKED_FROM: usize = 16;
/// Where the identity starts.
pub(super) const IDENTITY_AT: usize = 64;
/// Bytes of counts and sizes at the start of the payload.
pub(super) const COUNTS: usize = 20;
/// Bytes of an entry in the module table.
pub(super) const MODULE: usize = 12;
/// The Go project's page for an advisory, without the id.
pub(super) const GO_PAGE: &str = "https://pkg.go.dev/vuln/";

pub(super) const INTRODUCED: u32 = 0;
pub(super) const FIXED: u32 = 1;
pub(super) const LAST_AFFECTED: u32 = 2;
