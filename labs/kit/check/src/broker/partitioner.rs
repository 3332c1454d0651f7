//! The partition that Java's producer chooses for a key: murmur2, modulo the number of partitions
//! (`BuiltInPartitioner.partitionForKey`). librdkafka calls it `murmur2`, and has another by default.

use super::PARTITIONS;

const M: u32 = 0x5bd1_e995;

/// Of a key, in a topic of the checker's.
pub(crate) fn partition_in_java(key: &[u8]) -> i32 {
    (murmur2(key) & 0x7fff_ffff) as i32 % PARTITIONS
}

fn murmur2(data: &[u8]) -> u32 {
    let mut hash = 0x9747_b28c ^ data.len() as u32;
    let mut fours = data.chunks_exact(4);
    for four in &mut fours {
        let mut k = u32::from_le_bytes(four.try_into().expect("four")).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = fours.remainder();
    if !rest.is_empty() {
        let rest = rest.iter().rev().fold(0, |rest, &byte| rest << 8 | u32::from(byte));
        hash = (hash ^ rest).wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ hash >> 15
}

#[cfg(test)]
mod tests {
    use super::murmur2;

    /// Those of Kafka's own test (`UtilsTest.testMurmur2`).
    #[test]
    fn hashes_are_those_of_java() {
        let known = [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("abc", 479_470_107),
        ];
        for (text, hash) in known {
            assert_eq!(murmur2(text.as_bytes()) as i32, hash, "{text}");
        }
    }
}
