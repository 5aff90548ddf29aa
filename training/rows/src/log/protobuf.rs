//! The wire format of protocol buffers, read.

/// The content of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Content<'a> {
    Varint(u64),
    Bits64([u8; 8]),
    Bytes(&'a [u8]),
    Bits32([u8; 4]),
}

impl<'a> Content<'a> {
    pub(super) fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn varint(self) -> Option<u64> {
        match self {
            Self::Varint(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn float(self) -> Option<f32> {
        match self {
            Self::Bits32(bits) => Some(f32::from_le_bytes(bits)),
            _ => None,
        }
    }
}

/// The fields of a message, in order: number and content. The last is an error if the message is
/// malformed.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

/// A message is malformed.
#[derive(Debug, PartialEq)]
pub(super) struct Malformed;

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Content<'a>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field().ok_or(Malformed);
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Content<'a>)> {
        let key = self.varint()?;
        let content = match key & 7 {
            0 => Content::Varint(self.varint()?),
            1 => Content::Bits64(*self.take(8)?.first_chunk()?),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Content::Bytes(self.take(length)?)
            }
            5 => Content::Bits32(*self.take(4)?.first_chunk()?),
            // Groups, which nothing here uses.
            _ => return None,
        };
        Some((key >> 3, content))
    }

    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_a_cut_message_is_malformed() {
        let message = [8, 0xac, 2, 18, 2, b'h', b'i', 29, 0, 0, 128, 63];
        let fields: Vec<_> = Fields(&message).collect();
        let bits = Content::Bits32(1.0f32.to_le_bytes());
        assert_eq!(
            fields,
            [Ok((1, Content::Varint(300))), Ok((2, Content::Bytes(b"hi"))), Ok((3, bits))]
        );
        for length in 1..message.len() {
            let fields: Vec<_> = Fields(&message[..length]).collect();
            assert_eq!(fields.last().unwrap().is_err(), ![3, 7].contains(&length), "{length}");
        }
        assert_eq!(Fields(&[0x80; 11]).next(), Some(Err(Malformed)));
    }
}
