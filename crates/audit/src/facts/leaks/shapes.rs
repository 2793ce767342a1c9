//! Shapes of paths that only a machine that builds has: home directories of people, the go command's temporary directory.

use memchr::memmem;

/// Longest path that is kept, in bytes.
pub(super) const LONGEST_PATH: usize = 4096;
/// Longest text around a mark that is looked at, in bytes.
pub(super) const LONGEST: usize = 256;

/// A path that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Where, in the bytes that were searched.
    pub(super) at: usize,
    /// The home directory, or what stands for it.
    pub(super) root: String,
    /// The path as far as it can be told from what follows; cut short.
    pub(super) path: String,
    pub(super) user: Option<String>,
}

/// Texts that home directories begin with, on all systems.
const HOMES: [&str; 4] = ["/home/", "/Users/", "\\Users\\", "/root/"];
/// The go command builds below `/tmp/go-build1234567890/b001`.
const GO_BUILD: &str = "/go-build";
/// Users that documentation and tests speak of, and folders beside those of people.
const NOBODY: &[&str] = &[
    "alice",
    "all",
    "bar",
    "bob",
    "default",
    "example",
    "foo",
    "gopher",
    "guest",
    "jane",
    "jdoe",
    "joe",
    "john",
    "johndoe",
    "linuxbrew",
    "local",
    "me",
    "my",
    "myuser",
    "name",
    "nobody",
    "nonroot",
    "public",
    "shared",
    "somebody",
    "someone",
    "someuser",
    "test",
    "user",
    "user1",
    "username",
    "userprofile",
    "users",
    "you",
    "your",
    "yourname",
    "yourusername",
];
/// What follows a home directory where source code was built.
const BUILDING: [&str; 8] = [
    "/go/", "/src/", "/pkg/mod", "/work", ".go", "/build", "/.cache/", "/git",
];

/// All paths of these shapes, in order of the marks.
pub(super) fn find(bytes: &[u8]) -> impl Iterator<Item = Found> + '_ {
    let homes = HOMES.iter().flat_map(move |mark| {
        memmem::find_iter(bytes, *mark).filter_map(move |at| home(bytes, at, mark))
    });
    homes.chain(memmem::find_iter(bytes, GO_BUILD).filter_map(move |at| go_build(bytes, at)))
}

/// The user whose home directory a path lies in.
pub(super) fn user(path: &str) -> Option<&str> {
    HOMES.iter().find_map(|mark| {
        let rest = path.get(path.find(mark)?..)?.strip_prefix(mark)?;
        if *mark == "/root/" {
            return path.starts_with(mark).then_some("root");
        }
        let name = rest.split(['/', '\\']).next()?;
        is_user(name).then_some(name)
    })
}

fn home(bytes: &[u8], at: usize, mark: &str) -> Option<Found> {
    let separator = *mark.as_bytes().first()?;
    let before = at
        .checked_sub(1)
        .and_then(|before| bytes.get(before))
        .copied();
    let behind = path_at(bytes, at)?;
    let (start, drive) = match before {
        // A drive is part of the path.
        Some(b':') => (at.saturating_sub(2), true),
        _ => (at, false),
    };
    let inside = behind.get(mark.len()..)?;
    let (name, rest) = inside.split_once(separator as char)?;
    if mark == "/root/" {
        return root_home(behind, before, at);
    }
    // Texts of a program lie side by side: a letter before the mark may belong to another text, or this is a URL.
    let attached = !is_flag(bytes, at)
        && before.is_some_and(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b));
    let built = || BUILDING.iter().any(|part| behind.contains(part));
    // An empty element is where one text ends and another begins: `/home`, `/pkg/`, `/proc`.
    let goes_on = !rest.is_empty() && !rest.starts_with(separator as char);
    let plausible = is_user(name) && (!attached || built()) && goes_on;
    if !plausible || separator == b'\\' && !drive {
        return None;
    }
    let text = std::str::from_utf8(bytes.get(start..at)?).ok()?;
    Some(Found {
        at,
        root: format!("{text}{mark}{name}"),
        path: shorten(&format!("{text}{behind}")),
        user: Some(name.to_owned()),
    })
}

/// Whether the path is that of a compiler flag: `-I/home/…`.
fn is_flag(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(2).and_then(|start| bytes.get(start..at));
    matches!(before, Some(b"-I" | b"-L" | b"-F" | b"-B"))
}

/// `/root/` occurs in many texts: only with a folder behind it in which things are built.
fn root_home(path: &str, before: Option<u8>, at: usize) -> Option<Found> {
    const FOLDERS: [&str; 6] = ["go/", ".cache/", "src/", "work/", "build/", "rpmbuild/"];
    let inside = path.strip_prefix("/root/")?;
    let attached = before.is_some_and(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b));
    let building = FOLDERS.iter().any(|folder| inside.starts_with(folder));
    (building && !attached).then(|| Found {
        at,
        root: "/root".to_owned(),
        path: shorten(path),
        user: Some("root".to_owned()),
    })
}

fn go_build(bytes: &[u8], at: usize) -> Option<Found> {
    let behind = path_at(bytes, at)?;
    let number = behind.get(GO_BUILD.len()..)?;
    let digits = number.bytes().take_while(u8::is_ascii_digit).count();
    (digits >= 6 && number.get(digits..)?.starts_with("/b")).then(|| Found {
        at,
        root: GO_BUILD.to_owned(),
        path: shorten(behind),
        user: None,
    })
}

/// The text from `at` on that can be a path.
fn path_at(bytes: &[u8], at: usize) -> Option<&str> {
    let end = at.saturating_add(LONGEST).min(bytes.len());
    let text = bytes.get(at..end)?;
    let is_path = |b: u8| b.is_ascii_alphanumeric() || b"/\\._-+@~,=".contains(&b);
    let len = text.iter().take_while(|&&b| is_path(b)).count();
    std::str::from_utf8(text.get(..len)?).ok()
}

/// Names as systems give them to people: a letter first, nothing that a template would have.
fn is_user(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (2..=32).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(plain)
        && !NOBODY.contains(&name.to_ascii_lowercase().as_str())
}

/// As much of a path as tells where it comes from.
fn shorten(path: &str) -> String {
    const MOST: usize = 80;
    match path.get(..MOST) {
        Some(start) => format!("{start}…"),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roots(text: &str) -> Vec<String> {
        find(text.as_bytes()).map(|found| found.root).collect()
    }

    #[test]
    fn home_directories_of_all_systems_are_found() {
        assert_eq!(roots("x\0/home/eve/work/x.c\0"), ["/home/eve"]);
        assert_eq!(roots("\"/Users/eve/x\""), ["/Users/eve"]);
        assert_eq!(roots("-O2 -I/home/eve/include"), ["/home/eve"]);
        assert_eq!(roots("-IC:\\Users\\eve\\include"), ["C:\\Users\\eve"]);
        assert_eq!(roots("C:/Users/eve/include"), ["C:/Users/eve"]);
        assert_eq!(roots("\0/root/go/pkg/mod/x"), ["/root"]);
        assert_eq!(
            roots("/tmp/go-build1234567890/b001/_cgo_main.c"),
            ["/go-build"]
        );
        assert_eq!(roots("glued/home/eve/go/src/x.go"), ["/home/eve"]);
    }

    #[test]
    fn what_only_resembles_one_is_not() {
        for text in [
            "https://example.com/home/eve/page",
            "/home/%s/.config",
            "/home/user/.config",
            "/home/",
            "/home/eve",
            // Texts side by side, as in a program that was not made for this.
            "/etc//home/pkg//proc/root/sbin/src/",
            "/home/$USER/x",
            "example.com/Users/eve/list",
            "HKEY\\Users\\eve\\x",
            "/root/element",
            "/go-build/cache",
        ] {
            assert_eq!(roots(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn users_of_paths() {
        assert_eq!(user("/home/eve/x"), Some("eve"));
        assert_eq!(user("/root/x"), Some("root"));
        assert_eq!(user("/srv/root/x"), None);
        assert_eq!(user("/usr/local/go/src"), None);
    }
}
