//! Input that was valid once.

pub(super) struct Random(pub(super) u64);

impl Random {
    /// SplitMix64.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 31) as usize % bound.max(1)
    }
}

/// Words that formats stumble over.
const WORDS: [&str; 22] = [
    "nan",
    "inf",
    "-1",
    "0",
    "1e999",
    "99999999999999999999",
    "-0.0",
    "null",
    "true",
    "\"\"",
    "[]",
    "{}",
    "\"",
    "\\",
    "\n",
    "=",
    "[",
    "{",
    "\u{0}",
    "é",
    "9223372036854775807",
    "1e-400",
];

pub(super) fn mutate(original: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len());
        let word = WORDS[random.below(WORDS.len())];
        match random.below(9) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, random.below(256) as u8),
            2 if !bytes.is_empty() => bytes[at] = [0, 1, 0x7f, 0xff][random.below(4)],
            3 => drop(bytes.splice(at..at, word.bytes())),
            4 => {
                let end = (at + 1 + random.below(8)).min(bytes.len());
                drop(bytes.splice(at..end, word.bytes()));
            }
            // Deep nests, and long runs of one byte.
            5 => {
                let byte = [b'[', b'{', b'9', b' ', b'.'][random.below(5)];
                drop(bytes.splice(at..at, vec![byte; 1 << random.below(15)]));
            }
            6 => {
                let end = (at + random.below(100)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                drop(bytes.splice(to..to, piece));
            }
            _ if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            _ => {}
        }
    }
    bytes
}
