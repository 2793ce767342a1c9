//! Scratch.
#![allow(clippy::disallowed_methods, clippy::print_stdout)]
fn main() {
    for f in std::env::args().skip(1) {
        let d = std::fs::read(&f).unwrap();
        for m in goassay_binary::container::members(&d).unwrap() {
            match goassay_binary::image::Image::parse(m.data) {
                Ok(i) => {
                    let mut h = goassay_binary::hardening::read(&i);
                    if let Ok(goassay_binary::hardening::Hardening::Elf(e)) = &mut h {
                        if let Ok(Some(d)) = &mut e.dynamic {
                            if let Ok(i) = &mut d.imports {
                                i.truncate(6)
                            }
                        }
                    }
                    println!(
                        "{f}: {}\n{}",
                        clean(format!("{:?}", h)),
                        clean(format!("{:?}", goassay_binary::debuginfo::read(&i)))
                    )
                }
                Err(e) => println!("{f}: {e}"),
            }
        }
    }
}

fn clean(s: String) -> String {
    let mut out = String::new();
    let mut rest = s.as_str();
    while let Some(a) = rest.find('[') {
        out.push_str(&rest[..a]);
        rest = &rest[a..];
        let e = rest.find(']').unwrap_or(0);
        let inner = &rest[1..e.max(1)];
        let nums: Option<Vec<u8>> = inner.split(", ").map(|x| x.parse().ok()).collect();
        match nums {
            Some(n) => {
                out.push('"');
                out.push_str(&String::from_utf8_lossy(&n));
                out.push('"');
                rest = &rest[e + 1..];
            }
            None => {
                out.push('[');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}
