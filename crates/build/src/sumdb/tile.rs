//! Tiles: the tree cut into pieces of 256 hashes, and the reader that believes none of them without proof.
//!
//! The tiles at the right edge of the tree hold its maximal complete subtrees, so they prove themselves against the
//! signed root. Every other tile is full, and its hash stands in the tile above it, up to the edge.

use super::error::{Error, Kind};
use super::tree::{self, Hash, Head};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Levels of the tree in one tile.
pub const HEIGHT: u32 = 8;
/// Hashes in a full tile.
pub const FULL: u64 = 1 << HEIGHT;
const HASH: usize = size_of::<Hash>();

/// The place of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    /// Level of tiles, 0 at the leaves.
    pub level: u32,
    /// Number in its level.
    pub index: u64,
    /// Hashes in it: 1 to 256.
    pub width: u64,
}

impl Tile {
    /// The tile at a place in the tree of `size` records, as wide as it is there; none where there is none.
    #[must_use]
    pub fn in_tree(level: u32, index: u64, size: u64) -> Option<Tile> {
        let hashes = size.checked_shr(HEIGHT * level)?;
        let width = hashes.checked_sub(index.checked_mul(FULL)?)?.min(FULL);
        (width > 0).then_some(Tile {
            level,
            index,
            width,
        })
    }

    /// The same tile when it was complete.
    #[must_use]
    pub fn full(self) -> Tile {
        Tile {
            width: FULL,
            ..self
        }
    }

    /// Its length in bytes.
    #[must_use]
    pub fn length(self) -> usize {
        usize::try_from(self.width)
            .unwrap_or(usize::MAX)
            .saturating_mul(HASH)
    }

    /// Its address below the database's.
    #[must_use]
    pub fn path(self) -> String {
        let mut groups = vec![format!("{:03}", self.index % 1000)];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(format!("x{:03}", rest % 1000));
            rest /= 1000;
        }
        groups.reverse();
        let mut path = format!("tile/{HEIGHT}/{}/{}", self.level, groups.join("/"));
        if self.width != FULL {
            // Writing to a string does not fail.
            let _ = write!(path, ".p/{}", self.width);
        }
        path
    }

    /// The hashes in the bytes of a tile.
    fn hashes(self, bytes: &[u8]) -> Result<Vec<Hash>, Error> {
        if bytes.len() != self.length() {
            let why = format!(
                "{} has {} bytes, not {}",
                self.path(),
                bytes.len(),
                self.length()
            );
            return Err(Error::new(Kind::TileLength, why));
        }
        Ok(bytes.as_chunks::<HASH>().0.to_vec())
    }
}

/// Where bytes of tiles come from. They are checked by who asks.
pub trait Source {
    /// The bytes of a tile.
    ///
    /// # Errors
    /// The database or the disk failed.
    fn read(&self, tile: Tile) -> Result<Vec<u8>, Error>;

    /// Keeps a tile that was proven.
    fn keep(&self, tile: Tile, bytes: &[u8]);
}

/// Hashes of one tree, each proven before it is given.
pub struct Reader<'s, S> {
    head: Head,
    source: &'s S,
    proven: BTreeMap<(u32, u64), Vec<Hash>>,
}

impl<'s, S: Source> Reader<'s, S> {
    /// A reader of the tree with this head; reads and proves the tiles at its right edge.
    ///
    /// # Errors
    /// They do not have the root that was signed, or cannot be read.
    pub fn new(head: Head, source: &'s S) -> Result<Reader<'s, S>, Error> {
        let mut edge = Vec::new();
        for level in 0..u64::BITS.div_ceil(HEIGHT) {
            let hashes = head.size >> (HEIGHT * level);
            if !hashes.is_multiple_of(FULL) {
                edge.extend(Tile::in_tree(level, hashes / FULL, head.size));
            }
        }
        let mut reader = Reader {
            head,
            source,
            proven: BTreeMap::new(),
        };
        reader.prove_edge(&edge)?;
        Ok(reader)
    }

    fn prove_edge(&mut self, edge: &[Tile]) -> Result<(), Error> {
        let read = |tile: &Tile| Ok((*tile, self.source.read(*tile)?));
        let read: Vec<(Tile, Vec<u8>)> = edge.iter().map(read).collect::<Result<_, Error>>()?;
        let mut rows = Vec::new();
        for (tile, bytes) in &read {
            rows.push((*tile, tile.hashes(bytes)?));
        }
        let mut subtrees = Vec::new();
        for (_, row) in rows.iter().rev() {
            tree::subtrees(row, &mut subtrees);
        }
        if tree::root(&subtrees) != self.head.root {
            let size = self.head.size;
            let why =
                format!("those at the edge of the tree of {size} records do not have its root");
            return Err(Error::new(Kind::TileMismatch, why));
        }
        for (tile, bytes) in &read {
            self.source.keep(*tile, bytes);
        }
        self.proven = rows
            .into_iter()
            .map(|(tile, row)| ((tile.level, tile.index), row))
            .collect();
        Ok(())
    }

    /// The proven hashes of a tile of this tree.
    fn tile(&mut self, level: u32, index: u64) -> Result<&[Hash], Error> {
        // From the tile that is asked for up to the first that is proven, then down again.
        let mut unproven = Vec::new();
        let (mut l, mut i) = (level, index);
        while !self.proven.contains_key(&(l, i)) {
            let tile = Tile::in_tree(l, i, self.head.size).filter(|tile| tile.width == FULL);
            unproven.push(tile.ok_or_else(|| outside(self.head))?);
            (l, i) = (l + 1, i / FULL);
        }
        while let Some(tile) = unproven.pop() {
            self.prove(tile)?;
        }
        Ok(&self.proven[&(level, index)])
    }

    /// Reads a full tile and proves it by the one above, which is proven.
    fn prove(&mut self, tile: Tile) -> Result<(), Error> {
        let above = &self.proven[&(tile.level + 1, tile.index / FULL)];
        let at = usize::try_from(tile.index % FULL).ok();
        let want = at
            .and_then(|at| above.get(at))
            .ok_or_else(|| outside(self.head))?;
        let bytes = self.source.read(tile)?;
        let row = tile.hashes(&bytes)?;
        if tree::complete(&row).as_ref() != Some(want) {
            let why = format!(
                "{} does not have the hash that the tile above it says",
                tile.path()
            );
            return Err(Error::new(Kind::TileMismatch, why));
        }
        self.source.keep(tile, &bytes);
        self.proven.insert((tile.level, tile.index), row);
        Ok(())
    }

    /// The hash of a record.
    ///
    /// # Errors
    /// The record is outside the tree, or a tile on the way is wrong or cannot be had.
    pub fn leaf(&mut self, id: u64) -> Result<Hash, Error> {
        if id >= self.head.size {
            return Err(outside(self.head));
        }
        let at = usize::try_from(id % FULL).ok();
        let row = self.tile(0, id / FULL)?;
        let leaf = at.and_then(|at| row.get(at)).copied();
        leaf.ok_or_else(|| outside(self.head))
    }

    /// The root that this tree had when it had `size` records.
    ///
    /// # Errors
    /// It never had so few, or a tile on the way is wrong or cannot be had.
    pub fn root_at(&mut self, size: u64) -> Result<Hash, Error> {
        if size > self.head.size {
            return Err(outside(self.head));
        }
        let head = self.head;
        let mut subtrees = Vec::new();
        for level in (0..u64::BITS.div_ceil(HEIGHT)).rev() {
            let hashes = size >> (HEIGHT * level);
            let width = usize::try_from(hashes % FULL).unwrap_or(0);
            if width > 0 {
                let row = self.tile(level, hashes / FULL)?;
                let row = row.get(..width).ok_or_else(|| outside(head))?;
                tree::subtrees(row, &mut subtrees);
            }
        }
        Ok(tree::root(&subtrees))
    }
}

fn outside(head: Head) -> Error {
    let why = format!("the tree has {} records", head.size);
    Error::new(Kind::OutsideTree, why)
}

#[cfg(test)]
mod tests {
    use super::super::tree::testing::{leaf, tree_hash};
    use super::*;
    use std::cell::RefCell;

    /// All tiles of a log, made from its leaves by the definition.
    struct Log {
        leaves: Vec<Hash>,
        forged: Option<(Tile, usize)>,
        kept: RefCell<Vec<Tile>>,
    }

    impl Log {
        fn new(size: u32) -> Log {
            Log {
                leaves: (0..size).map(|i| leaf(&i.to_string())).collect(),
                forged: None,
                kept: RefCell::default(),
            }
        }

        fn head(&self, size: usize) -> Head {
            Head {
                size: size as u64,
                root: tree_hash(&self.leaves[..size]),
            }
        }
    }

    impl Source for Log {
        fn read(&self, tile: Tile) -> Result<Vec<u8>, Error> {
            let span = 1usize << (HEIGHT * tile.level);
            let first = usize::try_from(tile.index * FULL).unwrap();
            let rows = first..first + usize::try_from(tile.width).unwrap();
            let mut bytes: Vec<u8> = rows
                .flat_map(|row| tree_hash(&self.leaves[row * span..(row + 1) * span]))
                .collect();
            if let Some((forged, at)) = self.forged
                && forged == tile
            {
                bytes[at] ^= 1;
            }
            Ok(bytes)
        }

        fn keep(&self, tile: Tile, _: &[u8]) {
            self.kept.borrow_mut().push(tile);
        }
    }

    #[test]
    fn every_leaf_and_every_earlier_root_is_proven() {
        let log = Log::new(1000);
        for size in [1, 2, 255, 256, 257, 511, 512, 513, 1000] {
            let mut reader = Reader::new(log.head(size), &log).unwrap();
            for at in (0..size).step_by(7).chain([size - 1]) {
                assert_eq!(
                    reader.leaf(at as u64).unwrap(),
                    log.leaves[at],
                    "{at} of {size}"
                );
            }
            for at in (0..=size).step_by(11).chain([size]) {
                let root = reader.root_at(at as u64).unwrap();
                assert_eq!(root, tree_hash(&log.leaves[..at]), "{at} of {size}");
            }
            assert_eq!(
                reader.leaf(size as u64).unwrap_err().kind,
                Kind::OutsideTree
            );
            assert_eq!(
                reader.root_at(size as u64 + 1).unwrap_err().kind,
                Kind::OutsideTree
            );
        }
    }

    #[test]
    fn three_levels() {
        let log = Log::new(66_000);
        let mut reader = Reader::new(log.head(66_000), &log).unwrap();
        for at in [0, 65_535, 65_536, 65_999, 300] {
            assert_eq!(reader.leaf(at as u64).unwrap(), log.leaves[at]);
        }
        assert_eq!(
            reader.root_at(40_000).unwrap(),
            tree_hash(&log.leaves[..40_000])
        );
    }

    #[test]
    fn no_bit_of_a_tile_can_be_changed() {
        let mut log = Log::new(700);
        let head = log.head(700);
        let mut reader = Reader::new(head, &log).unwrap();
        reader.leaf(3).unwrap();
        let tiles = log.kept.take();
        assert_eq!(tiles.len(), 3, "two at the edge and one below");
        for tile in tiles {
            for at in (0..tile.length()).step_by(31).chain([tile.length() - 1]) {
                log.forged = Some((tile, at));
                let read = Reader::new(head, &log).and_then(|mut reader| reader.leaf(3));
                assert_eq!(read.unwrap_err().kind, Kind::TileMismatch, "{tile:?} {at}");
            }
        }
        assert!(
            log.kept
                .borrow()
                .iter()
                .all(|tile| Some(*tile) != log.forged.map(|f| f.0))
                || log.forged.is_none()
        );
    }

    #[test]
    fn paths_are_those_of_the_log() {
        let path = |level, index, width| {
            Tile {
                level,
                index,
                width,
            }
            .path()
        };
        assert_eq!(path(0, 0, 256), "tile/8/0/000");
        assert_eq!(path(2, 1_234_067, 8), "tile/8/2/x001/x234/067.p/8");
        assert_eq!(path(0, 1000, 256), "tile/8/0/x001/000");
    }

    #[test]
    fn sizes_at_the_limit_do_not_overflow() {
        struct Nothing;
        impl Source for Nothing {
            fn read(&self, tile: Tile) -> Result<Vec<u8>, Error> {
                Ok(vec![0; tile.length()])
            }
            fn keep(&self, _: Tile, _: &[u8]) {}
        }
        for size in [u64::MAX, 1 << 63, (1 << 63) - 1, 1 << 56] {
            let head = Head {
                size,
                root: [1; 32],
            };
            let read = Reader::new(head, &Nothing);
            assert_eq!(read.err().unwrap().kind, Kind::TileMismatch);
        }
    }
}
