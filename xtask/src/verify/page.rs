//! docs/verify-programs.md.

use super::row::Row;

pub(super) fn page(rows: &[Row], program: &str) -> String {
    let count = |is: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| is(row)).count();
    let verdict = |verdict: &str| count(&|row| row.verdict() == verdict);
    let is_identical = |row: &Row| row.verdict() == "identical";
    let built = count(&|row| row.subject.is_built_here);
    let lost = count(&Row::lost_linker_flags);
    let recovered = count(&|row| row.lost_linker_flags() && is_identical(row));
    let public = count(&|row| row.about.is_public);
    let public_identical = count(&|row| row.about.is_public && is_identical(row));
    let earlier = count(&|row| row.by != program);
    let mut page = format!(
        "# What `goassay verify` says of real programs\n\n\
         Written by `cargo xtask verify`. {built} programs were built by another user in other folders, {} are in packages that somebody else published.\n\n\
         | {} programs | |\n| --- | --- |\n\
         | identical | {} |\n| identical after normalisations | {} |\n| different | {} |\n| mismatch | {} |\n| not checked | {} |\n\n\
         - From a version of a public module or an unmodified checkout of one, with the Go project's toolchain and cgo off: {public_identical} of {public} identical.\n\
         - Build information that lost `-ldflags` (`-trimpath` leaves them out): recovered in {recovered} of {lost} programs, which means that the bytes are the same.\n",
        rows.len() - built,
        rows.len(),
        verdict("identical"),
        verdict("identical-after"),
        verdict("different"),
        verdict("mismatch"),
        verdict("not-checked"),
    );
    if earlier > 0 {
        page.push_str(&format!(
            "- {earlier} rows are by an earlier build of goassay than the others.\n"
        ));
    }
    page.push_str(
        "\n| program | Go | made by | verdict | builds | arguments of the build that is the same, or why there is none |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        page.push_str(&line(row));
    }
    page
}

fn line(row: &Row) -> String {
    let cell = |text: &str| text.replace(char::is_control, " ").replace('|', "\\|");
    format!(
        "| {} | {} | `{}` | {} | {} | {} |\n",
        cell(&row.subject.name),
        cell(&row.about.go),
        cell(&row.subject.made),
        row.verdict(),
        row.builds(),
        cell(&row.found())
    )
}
