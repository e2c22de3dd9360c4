//! Links and streams between simulated machines.
