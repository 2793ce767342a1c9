//! What the fuzz targets share.

use goassay_binary::Binary;
use goassay_binary::address::NameOffset;

/// Asks a binary for everything it can tell.
pub fn ask_everything(binary: &Binary<'_>) {
    let image = binary.image();
    let _ = (image.has_dwarf(), binary.plugin_path());
    if let Ok(info) = binary.build_info() {
        let _ = (info.setting("GOOS"), info.has_modules());
    }
    let Ok(table) = binary.pclntab() else { return };
    let wanted: Vec<NameOffset> = table.names().map(|(offset, _)| offset).collect();
    let (occurrences, _) = binary.occurrences(&wanted);
    for occurrence in occurrences.iter().take(100) {
        let _ = table.name(occurrence.function);
    }
    for function in table.functions().take(100) {
        let _ = (binary.address(&function), binary.definition(&function));
        let _ = binary.inlined_calls(&function);
    }
}
