//! Staged writes over stored rows, merged in the order of keys.

use crate::error::StoreError;
use bytes::Bytes;
use std::iter::Peekable;

/// The first `limit` rows of `stored` as changed by `layers`, of which earlier ones win.
pub(super) fn merge<'a>(
    layers: Vec<impl Iterator<Item = (&'a Bytes, Option<&'a Bytes>)>>,
    stored: impl Iterator<Item = Result<(Bytes, Bytes), StoreError>>,
    limit: usize,
) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
    let mut layers: Vec<_> = layers.into_iter().map(Iterator::peekable).collect();
    let mut stored = stored.peekable();
    let mut rows = Vec::new();
    while rows.len() < limit {
        if let Some(Err(_)) = stored.peek() {
            return stored.next().map_or(Ok(rows), |error| error.map(|_| Vec::new()));
        }
        let Some(key) = smallest(&mut layers, &mut stored) else { break };
        let mut value = stored
            .next_if(|row| row.as_ref().is_ok_and(|(stored, _)| *stored == key))
            .and_then(Result::ok)
            .map(|(_, value)| value);
        for layer in layers.iter_mut().rev() {
            if let Some((_, staged)) = layer.next_if(|(staged, _)| **staged == key) {
                value = staged.cloned();
            }
        }
        rows.extend(value.map(|value| (key, value)));
    }
    Ok(rows)
}

fn smallest<'a>(
    layers: &mut [Peekable<impl Iterator<Item = (&'a Bytes, Option<&'a Bytes>)>>],
    stored: &mut Peekable<impl Iterator<Item = Result<(Bytes, Bytes), StoreError>>>,
) -> Option<Bytes> {
    let staged = layers.iter_mut().filter_map(|layer| layer.peek().map(|(key, _)| (*key).clone()));
    let stored = stored.peek().and_then(|row| row.as_ref().ok()).map(|(key, _)| key.clone());
    staged.chain(stored).min()
}
