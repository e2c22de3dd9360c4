//! One simulated machine: a host over kernel, network and disk, with power, processes and clocks.
