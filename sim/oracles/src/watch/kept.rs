//! A watch that is wanted is kept.

use crate::{
    Broken, Record,
    history::Watch,
    watch::{WatchPromise, broken},
};

/// A watch that was created ends only when its client asks for it, or because its revision is
/// compacted; one of several on a stream does not end with another.
#[derive(Debug, Default)]
pub struct WatchKept;

impl WatchPromise for WatchKept {
    const NAME: &'static str = "watch_kept";
    const PROMISE: &'static str = "A watch_id identifies one watch of a stream; only a cancel \
        request with it, a compaction or the end of the stream ends that watch";

    fn judge(watch: &Watch, _: &Record<'_>) -> Result<(), Broken> {
        let mut created = false;
        for response in &watch.responses {
            if response.canceled && created && response.compact_revision == 0 && !watch.unwanted {
                let text = "a watch was ended that nobody asked to end".into();
                return Err(broken(watch, response.at, text));
            }
            created |= response.created && !response.canceled;
        }
        Ok(())
    }
}
