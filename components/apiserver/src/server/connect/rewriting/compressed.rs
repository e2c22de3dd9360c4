//! Pages that come compressed, and leave as they came.

use bytes::Bytes;
use flate2::{
    Compression,
    write::{DeflateDecoder, DeflateEncoder, GzDecoder, GzEncoder},
};
use std::io::{self, Write};

/// What unpacks and what packs.
type Both<D, E> = Box<(D, E)>;

/// How a page is compressed, with what unpacks and what packs it.
pub(super) enum Coding {
    Plain,
    Gzip(Both<GzDecoder<Vec<u8>>, GzEncoder<Vec<u8>>>),
    Deflate(Both<DeflateDecoder<Vec<u8>>, DeflateEncoder<Vec<u8>>>),
}

impl Coding {
    /// By the value of `Content-Encoding`; none: one that we do not read.
    pub(super) fn of(name: &str) -> Option<Self> {
        let (nothing, level) = (Vec::new, Compression::default());
        match name {
            "" => Some(Self::Plain),
            "gzip" => {
                let decoder = GzDecoder::new(nothing());
                Some(Self::Gzip(Box::new((decoder, GzEncoder::new(nothing(), level)))))
            }
            "deflate" => {
                let decoder = DeflateDecoder::new(nothing());
                Some(Self::Deflate(Box::new((decoder, DeflateEncoder::new(nothing(), level)))))
            }
            _ => None,
        }
    }

    /// Unpacks a piece, or what is left at the end.
    pub(super) fn read(&mut self, piece: Option<&[u8]>) -> io::Result<Vec<u8>> {
        let piece_or_none = piece.unwrap_or_default();
        match self {
            Self::Plain => Ok(piece_or_none.to_vec()),
            Self::Gzip(both) => {
                let (decoder, _) = &mut **both;
                decoder.write_all(piece_or_none)?;
                if piece.is_none() {
                    decoder.try_finish()?;
                }
                Ok(std::mem::take(decoder.get_mut()))
            }
            Self::Deflate(both) => {
                let (decoder, _) = &mut **both;
                decoder.write_all(piece_or_none)?;
                if piece.is_none() {
                    decoder.try_finish()?;
                }
                Ok(std::mem::take(decoder.get_mut()))
            }
        }
    }

    /// Packs a piece; the last one with all that is left.
    pub(super) fn write(&mut self, plain: &[u8], last: bool) -> io::Result<Bytes> {
        match self {
            Self::Plain => Ok(plain.to_vec().into()),
            Self::Gzip(both) => {
                let (_, encoder) = &mut **both;
                encoder.write_all(plain)?;
                if last {
                    encoder.try_finish()?
                } else {
                    encoder.flush()?
                };
                Ok(std::mem::take(encoder.get_mut()).into())
            }
            Self::Deflate(both) => {
                let (_, encoder) = &mut **both;
                encoder.write_all(plain)?;
                if last {
                    encoder.try_finish()?
                } else {
                    encoder.flush()?
                };
                Ok(std::mem::take(encoder.get_mut()).into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn what_came_packed_leaves_packed() {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(b"a page").unwrap();
        let packed = packed.finish().unwrap();
        let (mut coding, mut plain, mut again) = (Coding::of("gzip").unwrap(), vec![], vec![]);
        for piece in packed.chunks(3) {
            let piece = coding.read(Some(piece)).unwrap();
            again.extend_from_slice(&coding.write(&piece, false).unwrap());
            plain.extend(piece);
        }
        plain.extend(coding.read(None).unwrap());
        again.extend_from_slice(&coding.write(b"!", true).unwrap());
        assert_eq!(plain, b"a page");
        let mut read = String::new();
        flate2::read::GzDecoder::new(&again[..]).read_to_string(&mut read).unwrap();
        assert_eq!(read, "a page!");
        assert!(Coding::of("br").is_none());
    }
}
