//! `goassay man [DIR]`: one page for each command.

use crate::args::Cli;
use crate::failure::{EXIT_OK, Failure, Kind};
use crate::output::{self, Terminal};
use clap::CommandFactory;
use std::path::Path;

pub(crate) fn run(dir: Option<&Path>, terminal: &Terminal) -> Result<u8, Failure> {
    let pages = pages();
    let Some(dir) = dir else {
        output::to_stdout(&pages[0].1)?;
        return Ok(EXIT_OK);
    };
    std::fs::create_dir_all(dir).map_err(|e| Failure::file(Kind::Output, "create", dir, &e))?;
    for (name, page) in &pages {
        let path = dir.join(name);
        output::to_file(&path, |out| out.write_all(page))
            .map_err(|e| Failure::file(Kind::Output, "write", &path, &e))?;
    }
    terminal.say(&format!("{} pages in {}", pages.len(), dir.display()));
    Ok(EXIT_OK)
}

/// File name and text of every page, the main one first.
fn pages() -> Vec<(String, Vec<u8>)> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    add(&command, &mut pages);
    pages
}

fn add(command: &clap::Command, pages: &mut Vec<(String, Vec<u8>)>) {
    let name = command
        .get_display_name()
        .unwrap_or(command.get_name())
        .to_owned();
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(command.clone());
    // The date would make the page depend on the day.
    if man.date("").render(&mut page).is_ok() {
        pages.push((format!("{name}.1"), page));
    }
    command.get_subcommands().for_each(|sub| add(sub, pages));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_page_for_every_command() {
        let names: Vec<_> = pages().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names[0], "goassay.1");
        for name in [
            "goassay-scan.1",
            "goassay-db-update.1",
            "goassay-config-check.1",
        ] {
            assert!(names.iter().any(|n| n == name), "{name} of {names:?}");
        }
    }
}
