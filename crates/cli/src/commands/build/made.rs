//! What is written beside programs: records, and the list of sums that says that all is there.

use super::unbuilt;
use crate::failure::Failure;
use goassay_binary::Binary;
use goassay_binary::bytes::hexadecimal;
use goassay_build::plan::{Build, Plan};
use goassay_build::produce::{Product, Staging};
use goassay_build::project::Project;
use goassay_report::build::{Made, Record, render_record};
use sha2::{Digest, Sha256};

/// The list of all files with their SHA-256, as sha256sum reads it.
const SUMS: &str = "SHA256SUMS";

/// Writes what belongs beside `products`; gives the names of all files in the order in which they are published.
pub(super) fn beside(
    plan: &Plan,
    project: &Project,
    profile: &str,
    products: &[Product],
    staging: &Staging,
) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    for (build, product) in plan.builds.iter().zip(products) {
        let mut made = vec![Made {
            name: product.name.clone(),
            size: product.bytes.len() as u64,
            sha256: product.sha256.clone(),
        }];
        let bytes = record(build, project, profile, product, &made)?;
        made.push(write(
            staging,
            &format!("{}.build.json", product.name),
            &bytes,
        )?);
        all.extend(made);
    }
    let lines = all
        .iter()
        .map(|made| format!("{}  {}\n", made.sha256, made.name));
    let sums = write(staging, SUMS, lines.collect::<String>().as_bytes())?;
    all.push(sums);
    Ok(all.into_iter().map(|made| made.name).collect())
}

fn record(
    build: &Build,
    project: &Project,
    profile: &str,
    product: &Product,
    made: &[Made],
) -> Result<Vec<u8>, Failure> {
    let unreadable = || Failure::input(format!("{} cannot be read again", product.name));
    let binary = Binary::parse(&product.bytes).map_err(|_| unreadable())?;
    let info = binary
        .build_info()
        .map_err(|gap| unreadable().cause(gap.reason.clone()))?;
    let record = Record {
        tool: &crate::commands::tool(),
        profile,
        project,
        build,
        info,
        made,
    };
    let mut bytes = Vec::new();
    render_record(&record, &mut bytes)
        .map_err(|error| Failure::output("the build record", &error))?;
    Ok(bytes)
}

fn write(staging: &Staging, name: &str, bytes: &[u8]) -> Result<Made, Failure> {
    staging
        .write(name, bytes)
        .map_err(|error| unbuilt(&error))?;
    Ok(Made {
        name: name.to_owned(),
        size: bytes.len() as u64,
        sha256: hexadecimal(&Sha256::digest(bytes)),
    })
}
