//! What every document says of a binary in its first lines: format, kind, platform, toolchain, main module.

use goassay_binary::image::{Format as BinaryFormat, Image, Kind};
use goassay_binary::{Binary, buildinfo};
use goassay_report::document::{ImageFormat, ImageKind, ModuleFacts, Presence, TargetFacts};

/// The facts that are repeated in every document.
pub(crate) fn facts(binary: &Binary<'_>) -> TargetFacts {
    let image = binary.image();
    let info = binary.build_info().ok();
    let setting = |key| info.and_then(|info| info.setting(key)).map(str::to_owned);
    let goos = setting("GOOS");
    TargetFacts {
        format: format(image.format),
        kind: kind(binary, setting("-buildmode").as_deref()),
        arch: image.arch.unwrap_or_default().to_owned(),
        os: image.os.map(str::to_owned).or_else(|| goos.clone()),
        go_version: info.map(|info| info.go_version.to_owned()),
        main_package: info.and_then(|info| info.path).map(str::to_owned),
        main_module: info.and_then(|info| info.main.as_ref()).map(module),
        modules: info
            .map(|info| info.deps.iter().map(module).collect())
            .unwrap_or_default(),
        goos,
        goarch: setting("GOARCH"),
        symbol_table: if image.symbol_table {
            Presence::Present
        } else {
            Presence::Absent
        },
        dwarf: dwarf(image),
    }
}

/// What the headers of a packed program say of the one inside: its format and platform.
pub(crate) fn packed(data: &[u8]) -> TargetFacts {
    let image = Image::parse(data).ok();
    let by_mark = match data {
        [0x7f, b'E', b'L', b'F', ..] => ImageFormat::Elf,
        [b'M', b'Z', ..] => ImageFormat::Pe,
        _ => ImageFormat::MachO,
    };
    let arch = image.as_ref().and_then(|image| image.arch);
    let os = image.as_ref().and_then(|image| image.os);
    TargetFacts {
        format: image.map_or(by_mark, |image| format(image.format)),
        kind: ImageKind::Unknown,
        arch: arch.unwrap_or_default().to_owned(),
        os: os.map(str::to_owned),
        go_version: None,
        main_package: None,
        main_module: None,
        modules: Vec::new(),
        goos: None,
        goarch: None,
        symbol_table: Presence::Unknown,
        dwarf: Presence::Unknown,
    }
}

fn format(format: BinaryFormat) -> ImageFormat {
    match format {
        BinaryFormat::Elf => ImageFormat::Elf,
        BinaryFormat::MachO => ImageFormat::MachO,
        BinaryFormat::Pe => ImageFormat::Pe,
    }
}

/// The headers first; the build mode where they leave it open.
fn kind(binary: &Binary<'_>, build_mode: Option<&str>) -> ImageKind {
    match (binary.image().kind, build_mode) {
        _ if binary.plugin_path().is_some() => ImageKind::Plugin,
        (Kind::Object, _) => ImageKind::Object,
        (Kind::Executable, _) => ImageKind::Executable,
        (_, Some("plugin")) => ImageKind::Plugin,
        (Kind::Library, _) | (Kind::Dynamic, Some("c-shared")) => ImageKind::SharedLibrary,
        (Kind::Dynamic, Some("pie" | "exe")) => ImageKind::Pie,
        (Kind::Dynamic, _) => ImageKind::Unknown,
    }
}

fn dwarf(image: &Image<'_>) -> Presence {
    let is_debug = |name: &[u8]| memchr::memmem::find(name, b"debug_info").is_some();
    if image.sections.iter().any(|section| is_debug(section.name)) {
        Presence::Present
    } else if image.sections.is_empty() {
        Presence::Unknown
    } else {
        Presence::Absent
    }
}

fn module(module: &buildinfo::Module<'_>) -> ModuleFacts {
    let replace = module
        .replace
        .as_deref()
        .map(|by| (by.path.to_owned(), by.version.to_owned()));
    ModuleFacts {
        path: module.path.to_owned(),
        version: module.version.to_owned(),
        replace,
    }
}
