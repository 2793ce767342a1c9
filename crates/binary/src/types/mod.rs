//! Type descriptors and itabs: which types are in the binary, of which package, and which interfaces they are used as.
//!
//! No stripping removes them, because reflection and garbage collection need them. Up to Go 1.26 the linker lists the
//! types that have no name (and itabs); named ones are met through them. From Go 1.27 on all lie one behind the other.
//! Format: `src/internal/abi/type.go`, `src/runtime/type.go`.

mod descriptor;
mod walk;

pub(crate) use descriptor::Name;
pub(crate) use walk::{Piece, Walk};

use crate::address::VirtualAddress;
use crate::binary::Binary;
use crate::gap::{Fact, Gap, Topic};

/// The kind of a type (`reflect.Kind`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `bool`.
    Bool,
    /// Integers of any width and sign, `uintptr`.
    Integer,
    /// `float32`, `float64`.
    Float,
    /// `complex64`, `complex128`.
    Complex,
    /// Array.
    Array,
    /// Channel.
    Chan,
    /// Function.
    Func,
    /// Interface.
    Interface,
    /// Map.
    Map,
    /// Pointer.
    Pointer,
    /// Slice.
    Slice,
    /// String.
    String,
    /// Struct.
    Struct,
    /// `unsafe.Pointer`.
    UnsafePointer,
}

impl Kind {
    /// By the number that the runtime uses (`abi.Kind`).
    fn from_number(number: u8) -> Option<Kind> {
        Some(match number {
            1 => Kind::Bool,
            2..=12 => Kind::Integer,
            13 | 14 => Kind::Float,
            15 | 16 => Kind::Complex,
            17 => Kind::Array,
            18 => Kind::Chan,
            19 => Kind::Func,
            20 => Kind::Interface,
            21 => Kind::Map,
            22 => Kind::Pointer,
            23 => Kind::Slice,
            24 => Kind::String,
            25 => Kind::Struct,
            26 => Kind::UnsafePointer,
            _ => return None,
        })
    }

    /// The stable word for output.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Bool => "bool",
            Kind::Integer => "integer",
            Kind::Float => "float",
            Kind::Complex => "complex",
            Kind::Array => "array",
            Kind::Chan => "chan",
            Kind::Func => "func",
            Kind::Interface => "interface",
            Kind::Map => "map",
            Kind::Pointer => "pointer",
            Kind::Slice => "slice",
            Kind::String => "string",
            Kind::Struct => "struct",
            Kind::UnsafePointer => "unsafe-pointer",
        }
    }
}

/// One type descriptor. Texts are borrowed from the file and hostile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Type<'a> {
    /// Where it is.
    pub address: VirtualAddress,
    /// Kind of the type.
    pub kind: Kind,
    /// The type as Go writes it, with the package's name and not its path: `*http.Request`, `map[string]int`.
    pub name: &'a str,
    /// Import path of the package that declares it; `None` for types that no package declares, such as `[]string`.
    pub package: Option<&'a str>,
    /// True where it is declared with a name.
    pub named: bool,
    /// Bytes of a value of the type.
    pub value_len: u64,
    /// Methods that reflection can see.
    pub methods: u32,
    /// Bytes of the descriptor, fields, parameters and methods included; names are elsewhere and not counted.
    pub descriptor_len: u64,
}

/// A concrete type that is used as an interface, with the functions that stand for the interface's methods (`abi.ITab`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Itab {
    /// Where it is.
    pub address: VirtualAddress,
    /// The interface.
    pub interface: VirtualAddress,
    /// The type that implements it.
    pub concrete: VirtualAddress,
    /// Bytes of the itab.
    pub len: u64,
}

/// The types and itabs of a binary, each sorted by address.
#[derive(Debug, Clone, Default)]
pub struct Types<'a> {
    /// Types.
    pub list: Vec<Type<'a>>,
    /// Itabs that the linker made; others can come into being at run time.
    pub itabs: Vec<Itab>,
    /// What of them could not be read.
    pub gaps: Vec<Gap>,
}

impl<'a> Types<'a> {
    /// Reads all types and itabs of a binary.
    ///
    /// # Errors
    /// A gap on [`Topic::Types`] where none can be read at all.
    pub fn of(binary: &Binary<'a>) -> Fact<Types<'a>> {
        Walk::run(binary, false).map(|walk| walk.types)
    }

    /// The type whose descriptor is at an address.
    pub fn at(&self, address: VirtualAddress) -> Option<&Type<'a>> {
        let index = self.list.binary_search_by_key(&address, |one| one.address);
        self.list.get(index.ok()?)
    }
}

fn gap(reason: &str) -> Gap {
    Gap::new(Topic::Types, reason)
}
