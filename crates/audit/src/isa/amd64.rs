//! amd64: features by instruction (`iced-x86`), and which of them the compiler uses at which level.
//!
//! Levels are those of the x86-64 psABI. At v1 the compiler writes POPCNT, ROUNDSD and scalar FMA behind a look at a byte in
//! the runtime's data (`runtime.x86HasPOPCNT` …); BMI, LZCNT and MOVBE from v3 on and never before; PSHUFB, PSIGNB (v2) and
//! VPBROADCASTB from a general register (v4) for maps, from Go 1.24 on. All else (AVX, AES, …) is in compiled code only
//! through SIMD intrinsics, which a program has to guard itself, so it proves nothing.

use super::{Decoding as Decode, Kind, Level, Notes};
use goassay_binary::address::VirtualAddress;
use goassay_binary::{Binary, Code};
use iced_x86::{Code as Op, CpuidFeature, Decoder, DecoderOptions, Instruction, Mnemonic, OpKind};

macro_rules! features {
    ($($constant:ident $name:literal $level:expr;)*) => {
        /// Index into [`KINDS`].
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "names of the manuals")]
        #[derive(Clone, Copy, PartialEq, Eq)]
        enum Number { $($constant),* }
        static KINDS: &[Kind] = &[$(Kind { name: $name, level: $level }),*];
    };
}

features! {
    CMPXCHG16B "CMPXCHG16B" Some("v2");
    POPCNT "POPCNT" Some("v2");
    SSE3 "SSE3" Some("v2");
    SSSE3 "SSSE3" Some("v2");
    SSE4_1 "SSE4.1" Some("v2");
    SSE4_2 "SSE4.2" Some("v2");
    AVX "AVX" Some("v3");
    AVX2 "AVX2" Some("v3");
    BMI1 "BMI1" Some("v3");
    BMI2 "BMI2" Some("v3");
    F16C "F16C" Some("v3");
    FMA "FMA" Some("v3");
    LZCNT "LZCNT" Some("v3");
    MOVBE "MOVBE" Some("v3");
    XSAVE "XSAVE" Some("v3");
    AVX512 "AVX-512 F/BW/CD/DQ/VL" Some("v4");
    AVX512_MORE "other AVX-512" None;
    AES "AES, PCLMULQDQ, GFNI" None;
    SHA "SHA" None;
    ADX "ADX" None;
    RANDOM "RDRAND, RDSEED" None;
}

/// What an instruction is worth as evidence.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// The compiler writes it at the feature's level and never below.
    Always,
    /// Below the feature's level the compiler writes it behind a check.
    WithoutCheck,
    /// The program brings its own check.
    Never,
}

/// What an instruction needs beyond v1.
#[derive(Clone, Copy)]
struct Need {
    feature: Number,
    proof: Proof,
}

/// The decoder with what each of its instructions needs.
pub(super) struct Decoding {
    needs: Vec<Option<Need>>,
}

impl Decoding {
    pub(super) fn new() -> Decoding {
        Decoding {
            needs: Op::values().map(need).collect(),
        }
    }

    fn need(&self, instruction: &Instruction) -> Option<Need> {
        self.needs.get(instruction.code() as usize).copied()?
    }
}

impl Decode for Decoding {
    fn lowest(&self) -> Option<Level> {
        Level::lowest("amd64")
    }

    fn features(&self) -> &'static [Kind] {
        KINDS
    }

    fn function(&self, code: &Code<'_>, notes: &mut Notes) -> bool {
        let mut checked = None;
        let mut instruction = Instruction::default();
        let mut decoder = decoder(code);
        while decoder.can_decode() {
            decoder.decode_out(&mut instruction);
            if instruction.is_invalid() {
                return false;
            }
            if let Some(need) = self.need(&instruction) {
                let proves = match need.proof {
                    Proof::Always => true,
                    Proof::Never => false,
                    Proof::WithoutCheck => !*checked.get_or_insert_with(|| looks_at_a_byte(code)),
                };
                let op = instruction.code() as u32;
                notes.add(need.feature as usize, instruction.ip(), proves, op);
            }
        }
        true
    }

    fn mnemonic(&self, instruction: u32) -> String {
        let op = Op::try_from(instruction as usize).unwrap_or_default();
        format!("{:?}", op.mnemonic()).to_lowercase()
    }

    /// The message that the start-up code prints where the CPU is of a lower level.
    fn demanded(&self, binary: &Binary<'_>, code: &Code<'_>) -> Option<Level> {
        const BEFORE: &[u8] = b"This program can only be run on AMD64 processors with ";
        decoder(code).into_iter().find_map(|instruction| {
            if instruction.mnemonic() != Mnemonic::Lea || !instruction.is_ip_rel_memory_operand() {
                return None;
            }
            let at = VirtualAddress(instruction.ip_rel_memory_address());
            let text = binary.image().tail(at)?.data().strip_prefix(BEFORE)?;
            let level = text.split(|&byte| byte == b' ').next()?;
            Level::parse("amd64", std::str::from_utf8(level.get(..2)?).ok()?)
        })
    }
}

fn decoder<'a>(code: &Code<'a>) -> Decoder<'a> {
    Decoder::with_ip(64, code.bytes, code.address.0, DecoderOptions::NONE)
}

fn need(op: Op) -> Option<Need> {
    let features = op.cpuid_features().iter();
    // Where an instruction needs several, that of the highest level tells.
    let feature = features
        .filter_map(|&f| number(f))
        .max_by_key(|&f| f as usize)?;
    Some(Need {
        feature,
        proof: proof(op, feature),
    })
}

fn number(feature: CpuidFeature) -> Option<Number> {
    use CpuidFeature as F;
    Some(match feature {
        F::CMPXCHG16B => Number::CMPXCHG16B,
        F::POPCNT => Number::POPCNT,
        F::SSE3 => Number::SSE3,
        F::SSSE3 => Number::SSSE3,
        F::SSE4_1 => Number::SSE4_1,
        F::SSE4_2 => Number::SSE4_2,
        F::AVX => Number::AVX,
        F::AVX2 => Number::AVX2,
        F::BMI1 => Number::BMI1,
        F::BMI2 => Number::BMI2,
        F::F16C => Number::F16C,
        F::FMA => Number::FMA,
        F::LZCNT => Number::LZCNT,
        F::MOVBE => Number::MOVBE,
        F::XSAVE => Number::XSAVE,
        F::AVX512F | F::AVX512BW | F::AVX512CD | F::AVX512DQ | F::AVX512VL => Number::AVX512,
        F::AVX512_VBMI | F::AVX512_VBMI2 | F::AVX512_VNNI | F::AVX512_BITALG => Number::AVX512_MORE,
        F::AVX512_VPOPCNTDQ | F::AVX512_IFMA | F::AVX512_BF16 | F::AVX512_FP16 => {
            Number::AVX512_MORE
        }
        F::AES | F::PCLMULQDQ | F::VAES | F::VPCLMULQDQ | F::GFNI => Number::AES,
        F::SHA => Number::SHA,
        F::ADX => Number::ADX,
        F::RDRAND | F::RDSEED => Number::RANDOM,
        _ => return None,
    })
}

fn proof(op: Op, feature: Number) -> Proof {
    match feature {
        Number::BMI1 | Number::BMI2 | Number::LZCNT | Number::MOVBE => Proof::Always,
        Number::POPCNT => Proof::WithoutCheck,
        _ => match op {
            Op::Pshufb_xmm_xmmm128 | Op::Psignb_xmm_xmmm128 => Proof::Always,
            Op::EVEX_Vpbroadcastb_xmm_k1z_r32 => Proof::Always,
            Op::Roundsd_xmm_xmmm64_imm8 | Op::Roundss_xmm_xmmm32_imm8 => Proof::WithoutCheck,
            Op::VEX_Vfmadd231sd_xmm_xmm_xmmm64 | Op::VEX_Vfmadd231ss_xmm_xmm_xmmm32 => {
                Proof::WithoutCheck
            }
            _ => Proof::Never,
        },
    }
}

/// True where the function reads some single byte at a fixed address, as a check of the CPU does: directly, or through an
/// address that it loaded from one (position-independent code of plugins and shared libraries).
///
/// Which byte it is does not matter: a function that reads another one is given the benefit of the doubt.
fn looks_at_a_byte(code: &Code<'_>) -> bool {
    let mut loaded = [false; 256];
    decoder(code).into_iter().any(|instruction| {
        let fixed = instruction.is_ip_rel_memory_operand();
        let through = loaded.get(instruction.memory_base() as usize) == Some(&true)
            && instruction.memory_displacement64() == 0;
        if fixed
            && instruction.mnemonic() == Mnemonic::Mov
            && instruction.op0_kind() == OpKind::Register
            && let Some(loaded) = loaded.get_mut(instruction.op0_register() as usize)
        {
            *loaded = true;
        }
        (fixed || through) && instruction.memory_size().size() == 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(bytes: &[u8]) -> Option<Vec<(&'static str, bool)>> {
        let mut notes = Notes::new(KINDS.len());
        let code = Code {
            name: goassay_binary::address::NameOffset(0),
            address: VirtualAddress(0x40_1000),
            bytes,
            file: None,
            assembly: false,
        };
        let uses = |notes: &Notes| {
            let kinds = KINDS.iter().zip(&notes.uses);
            let used = kinds.filter(|(_, used)| used.instructions > 0);
            used.map(|(kind, used)| (kind.name, used.proves)).collect()
        };
        Decoding::new()
            .function(&code, &mut notes)
            .then(|| uses(&notes))
    }

    /// `popcnt rax, rax`
    const POPCNT: [u8; 5] = [0xf3, 0x48, 0x0f, 0xb8, 0xc0];

    #[test]
    fn the_lowest_level_needs_nothing() {
        // xor eax,eax; bsf rax,rax; movups xmm0,xmm1; ret; int3
        let code = [
            0x31, 0xc0, 0x48, 0x0f, 0xbc, 0xc0, 0x0f, 0x10, 0xc1, 0xc3, 0xcc,
        ];
        assert_eq!(uses(&code), Some(vec![]));
    }

    #[test]
    fn bmi_proves_its_level() {
        // tzcnt rax,rax; shlx rax,rax,rcx; lzcnt rax,rax; movbe eax,[rax]
        let code = [
            0xf3, 0x48, 0x0f, 0xbc, 0xc0, 0xc4, 0xe2, 0xf1, 0xf7, 0xc0, 0xf3, 0x48, 0x0f, 0xbd,
            0xc0, 0x0f, 0x38, 0xf0, 0x00,
        ];
        let expected = vec![
            ("BMI1", true),
            ("BMI2", true),
            ("LZCNT", true),
            ("MOVBE", true),
        ];
        assert_eq!(uses(&code), Some(expected));
    }

    #[test]
    fn popcnt_proves_only_without_a_check() {
        assert_eq!(uses(&POPCNT), Some(vec![("POPCNT", true)]));
        // cmp byte ptr [rip+0x1000],0
        let direct = [&[0x80, 0x3d, 0, 0x10, 0, 0, 0], &POPCNT[..]].concat();
        assert_eq!(uses(&direct), Some(vec![("POPCNT", false)]));
        // movzx ecx, byte ptr [rip+0x1000]
        let load = [&[0x0f, 0xb6, 0x0d, 0, 0x10, 0, 0], &POPCNT[..]].concat();
        assert_eq!(uses(&load), Some(vec![("POPCNT", false)]));
        // mov rcx,[rip+0x1000]; cmp byte ptr [rcx],0
        let table = [
            &[0x48, 0x8b, 0x0d, 0, 0x10, 0, 0, 0x80, 0x39, 0],
            &POPCNT[..],
        ];
        assert_eq!(uses(&table.concat()), Some(vec![("POPCNT", false)]));
        // cmp dword ptr [rip+0x1000],0: the write barrier's flag is no check of the CPU.
        let barrier = [&[0x83, 0x3d, 0, 0x10, 0, 0, 0], &POPCNT[..]].concat();
        assert_eq!(uses(&barrier), Some(vec![("POPCNT", true)]));
    }

    #[test]
    fn vector_instructions_prove_nothing() {
        // vpaddb ymm0,ymm0,ymm0; vzeroupper; aesenc xmm0,xmm0
        let code = [
            0xc5, 0xfd, 0xfc, 0xc0, 0xc5, 0xf8, 0x77, 0x66, 0x0f, 0x38, 0xdc, 0xc0,
        ];
        let expected = vec![
            ("AVX", false),
            ("AVX2", false),
            ("AES, PCLMULQDQ, GFNI", false),
        ];
        assert_eq!(uses(&code), Some(expected));
    }

    #[test]
    fn maps_prove_v2_and_v4() {
        // pshufb xmm0,xmm15; psignb xmm0,xmm0; vpbroadcastb xmm0,eax
        let code = [
            0x66, 0x41, 0x0f, 0x38, 0x00, 0xc7, 0x66, 0x0f, 0x38, 0x08, 0xc0, 0x62, 0xf2, 0x7d,
            0x08, 0x7a, 0xc0,
        ];
        let expected = vec![("SSSE3", true), ("AVX-512 F/BW/CD/DQ/VL", true)];
        assert_eq!(uses(&code), Some(expected));
    }

    #[test]
    fn what_does_not_decode_counts_for_nothing() {
        let code = [&POPCNT[..], &[0x06]].concat();
        assert_eq!(uses(&code), None);
        let cut = [&POPCNT[..], &[0x48, 0x8b]].concat();
        assert_eq!(uses(&cut), None);
    }
}
