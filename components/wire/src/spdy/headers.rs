//! Names and values of a stream, compressed with zlib in one context for each way of a connection.
//!
//! draft-mbelshe-httpbis-spdy-00, section 2.6.10. What we write is stored, not compressed: a few names
//! a stream are not worth it, and every reader takes it.

use super::Broken;
use bytes::{Buf, BufMut, BytesMut};
use miniz_oxide::inflate::{
    TINFLStatus,
    core::{DecompressorOxide, decompress, inflate_flags::TINFL_FLAG_HAS_MORE_INPUT},
};

/// Of one block, uncompressed.
const BLOCK_BYTES_MAX: usize = 64 * 1024;
/// Names of one block.
const NAMES_MAX: usize = 100;
/// What deflate may look back to.
const WINDOW_BYTES: usize = 32 * 1024;
/// A zlib stream with a dictionary: two bytes, then the dictionary's checksum.
const ZLIB_HEAD: [u8; 6] = [0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2];
/// Makes readers give out what they have: a stored block without bytes.
const FLUSH: [u8; 5] = [0, 0, 0, 0xff, 0xff];
/// Longest stored block of deflate.
const STORED_BYTES_MAX: usize = 0xffff;

/// The dictionary's first part, in which each word has its length before it.
const WORDS: &str = "options|head|post|put|delete|trace|accept|accept-charset|accept-encoding|\
    accept-language|accept-ranges|age|allow|authorization|cache-control|connection|content-base|\
    content-encoding|content-language|content-length|content-location|content-md5|content-range|\
    content-type|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|\
    if-range|if-unmodified-since|last-modified|location|max-forwards|pragma|proxy-authenticate|\
    proxy-authorization|range|referer|retry-after|server|te|trailer|transfer-encoding|upgrade|\
    user-agent|vary|via|warning|www-authenticate|method|get|status|200 OK|version|HTTP/1.1|url|\
    public|set-cookie|keep-alive|origin";
/// And its second.
const TEXT: &str = "100101201202205206300302303304305306307402405406407408409410411412413414415416\
    417502504505203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad \
    Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not \
    Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 \
    Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,\
    application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,\
    deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";

fn dictionary() -> Vec<u8> {
    let mut dictionary = Vec::with_capacity(1423);
    for word in WORDS.split('|') {
        dictionary.put_u32(length(word));
        dictionary.put_slice(word.as_bytes());
    }
    dictionary.put_slice(TEXT.as_bytes());
    dictionary
}

fn length(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

/// Names in lower case with their values, in the order in which they stand.
pub(super) type Headers = Vec<(String, String)>;

/// Writes blocks.
#[derive(Debug, Default)]
pub(super) struct Writer {
    begun: bool,
}

impl Writer {
    pub(super) fn write(&mut self, headers: &[(&str, &str)], into: &mut BytesMut) {
        let mut plain = BytesMut::new();
        plain.put_u32(u32::try_from(headers.len()).unwrap_or(u32::MAX));
        for text in headers.iter().flat_map(|(name, value)| [name, value]) {
            plain.put_u32(length(text));
            plain.put_slice(text.as_bytes());
        }
        if !std::mem::replace(&mut self.begun, true) {
            into.put_slice(&ZLIB_HEAD);
        }
        for part in plain.chunks(STORED_BYTES_MAX) {
            let length = u16::try_from(part.len()).unwrap_or(u16::MAX);
            into.put_u8(0);
            into.put_u16_le(length);
            into.put_u16_le(!length);
            into.put_slice(part);
        }
        into.put_slice(&FLUSH);
    }
}

/// Reads blocks.
pub(super) struct Reader {
    inflate: Box<DecompressorOxide>,
    /// What was read last; deflate's references lead here.
    window: Box<[u8]>,
    /// Where in it the next byte goes.
    at: usize,
    begun: bool,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("begun", &self.begun).finish_non_exhaustive()
    }
}

impl Default for Reader {
    fn default() -> Self {
        let dictionary = dictionary();
        let mut window = vec![0; WINDOW_BYTES].into_boxed_slice();
        window[..dictionary.len()].copy_from_slice(&dictionary);
        Self { inflate: Box::default(), window, at: dictionary.len(), begun: false }
    }
}

impl Reader {
    pub(super) fn read(&mut self, mut block: &[u8]) -> Result<Headers, Broken> {
        if !std::mem::replace(&mut self.begun, true) {
            let (head, rest) = block.split_at_checked(6).ok_or(Broken("headers without a head"))?;
            // The level of compression does not matter.
            if head[0] != ZLIB_HEAD[0] || head[1] & 0x20 == 0 || head[2..] != ZLIB_HEAD[2..] {
                return Err(Broken("headers are not compressed with the dictionary"));
            }
            block = rest;
        }
        parse(&self.inflated(block)?)
    }

    fn inflated(&mut self, mut block: &[u8]) -> Result<Vec<u8>, Broken> {
        let mut plain = Vec::new();
        loop {
            let (inflate, window) = (&mut *self.inflate, &mut *self.window);
            let flags = TINFL_FLAG_HAS_MORE_INPUT;
            let (status, read, written) = decompress(inflate, block, window, self.at, flags);
            plain.extend_from_slice(&self.window[self.at..self.at + written]);
            if plain.len() > BLOCK_BYTES_MAX {
                return Err(Broken("headers are too long"));
            }
            block = &block[read..];
            self.at = (self.at + written) % WINDOW_BYTES;
            match status {
                TINFLStatus::NeedsMoreInput => return Ok(plain),
                TINFLStatus::HasMoreOutput if written > 0 || read > 0 => {}
                _ => return Err(Broken("headers cannot be decompressed")),
            }
        }
    }
}

fn parse(mut plain: &[u8]) -> Result<Headers, Broken> {
    const SHORT: Broken = Broken("headers end too early");
    let count = plain.try_get_u32().map_err(|_| SHORT)?;
    if count as usize > NAMES_MAX {
        return Err(Broken("too many headers"));
    }
    let mut text = || {
        let length = plain.try_get_u32().map_err(|_| SHORT)? as usize;
        let (text, rest) = plain.split_at_checked(length).ok_or(SHORT)?;
        plain = rest;
        String::from_utf8(text.to_vec()).map_err(|_| Broken("headers are not text"))
    };
    (0..count).map(|_| Ok((text()?, text()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Two blocks of zlib's own making, one after the other.
    const FIRST: &[u8] =
        b"\x78\xf9\xe3\xc6\xa7\xc2\x02\xa6\x23\x46\x70\x3a\x2b\x29\x4a\x4d\xcc\x85\
        \x16\x25\xac\xa9\xa0\x80\x06\x00\x00\x00\xff\xff";
    const SECOND: &[u8] =
        b"\x02\x65\x1c\x4c\xa9\xe2\x12\x60\x76\x81\x94\xd8\x45\xe0\xcc\x61\x61\x60\
        \x61\x00\x00\x00\x00\xff\xff";

    #[test]
    fn the_dictionary_is_the_one_of_the_draft() {
        let dictionary = dictionary();
        assert_eq!(dictionary.len(), 1423);
        let (low, high) = dictionary.iter().fold((1_u32, 0_u32), |(low, high), byte| {
            let low = (low + u32::from(*byte)) % 65521;
            (low, (high + low) % 65521)
        });
        assert_eq!((high << 16 | low).to_be_bytes(), ZLIB_HEAD[2..]);
    }

    #[test]
    fn what_zlib_compressed_is_read() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut reader = Reader::default();
        assert_eq!(reader.read(FIRST).unwrap(), [pair("streamtype", "error")]);
        let expected = [pair("streamtype", "stdin"), pair("port", "8080")];
        assert_eq!(reader.read(SECOND).unwrap(), expected);
    }

    proptest! {
        #[test]
        fn any_block_is_read_or_refused(
            blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..5),
            genuine in any::<bool>(),
        ) {
            let mut reader = Reader::default();
            if genuine {
                reader.read(FIRST).unwrap();
            }
            for block in blocks {
                if reader.read(&block).is_err() {
                    break;
                }
            }
        }

        #[test]
        fn what_is_written_is_read(
            blocks in prop::collection::vec(
                prop::collection::vec(("[a-z-]{1,20}", ".{0,300}"), 0..10), 1..8),
        ) {
            let (mut writer, mut reader) = (Writer::default(), Reader::default());
            for block in blocks {
                let pairs: Vec<_> = block.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                let mut bytes = BytesMut::new();
                writer.write(&pairs, &mut bytes);
                prop_assert_eq!(reader.read(&bytes).unwrap(), block);
            }
        }
    }
}
