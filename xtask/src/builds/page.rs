//! Pages of which a part is made by a task: between two lines that say so.

use crate::run::{Context, Outcome, read, workspace, write};

const END: &str = "<!-- end -->\n";

/// Puts what is made into the page; says whether that changed it.
pub(crate) fn update(page: &str, task: &str, made: &str) -> Outcome<&'static str> {
    let path = workspace().join(page);
    let old = String::from_utf8(read(&path)?).context(page)?;
    let new = between(&old, task, made).ok_or_else(|| format!("{page} has no place for it"))?;
    write(&path, &new)?;
    Ok(match old == new {
        true => "unchanged",
        false => "written",
    })
}

fn between(page: &str, task: &str, made: &str) -> Option<String> {
    let begin = format!("<!-- made by cargo xtask {task} -->\n");
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{begin}\n{made}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_made_is_replaced() {
        let page = "# A\n<!-- made by cargo xtask builds --only a -->\nold\n<!-- end -->\nB\n";
        let new = between(page, "builds --only a", "new\n").unwrap();
        assert!(new.starts_with("# A\n<!-- made") && new.ends_with("\n<!-- end -->\nB\n"));
        assert!(new.contains("new") && !new.contains("old"));
        assert_eq!(between(&new, "builds --only a", "new\n"), Some(new));
        assert_eq!(between("no place", "a", ""), None);
    }
}
