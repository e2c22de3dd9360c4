//! Who uses the cluster: simulated clients that write down what they saw.
