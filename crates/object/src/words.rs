//! Looking for bytes eight at a time: what is looked for is rarely further than twenty away, where
//! a call of `memchr` costs more than it finds.

const ONES: u64 = each(1);
const HIGH: u64 = each(0x80);

/// A word of eight times this byte.
#[inline]
pub(crate) const fn each(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Marks the bytes of `word` that are `byte`. Only the lowest mark is right for certain, which is
/// all that a search asks for.
#[inline]
pub(crate) fn is(word: u64, byte: u8) -> u64 {
    let same = word ^ each(byte);
    same.wrapping_sub(ONES) & !same & HIGH
}

/// Marks the bytes of `word` that are control characters below the blank. Only the lowest mark is
/// right for certain.
#[inline]
pub(crate) fn is_control(word: u64) -> u64 {
    word.wrapping_sub(each(0x20)) & !word & HIGH
}

/// Where the first byte from `at` on is that `marks` marks in a word and `matches` on its own; the
/// end if there is none.
#[inline]
pub(crate) fn find(
    bytes: &[u8],
    at: usize,
    marks: impl Fn(u64) -> u64,
    matches: impl Fn(u8) -> bool,
) -> usize {
    let mut at = at;
    while let Some(word) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let found = marks(u64::from_le_bytes(*word));
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| matches(*byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte at every offset, before and behind bytes that are near it.
    #[test]
    fn the_first_of_each_byte_is_found() {
        for sought in [b'\n', b' ', b'"', b'\\', b':', 0x7f, 0x80, 0xff] {
            for other in 0..=255_u8 {
                for at in 0..20 {
                    let mut bytes = [other; 20];
                    bytes[at] = sought;
                    let first = |matches: &dyn Fn(u8) -> bool| {
                        bytes.iter().position(|byte| matches(*byte)).unwrap_or(bytes.len())
                    };
                    let found = find(&bytes, 0, |word| is(word, sought), |byte| byte == sought);
                    assert_eq!(found, first(&|b| b == sought), "{sought} among {other} at {at}");
                    let found = find(&bytes, 0, is_control, |byte| byte < 0x20);
                    assert_eq!(found, first(&|b| b < 0x20), "{sought} among {other} at {at}");
                }
            }
        }
    }
}
