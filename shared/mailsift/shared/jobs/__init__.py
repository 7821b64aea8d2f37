"""The job engine: the only place that moves a job from one state to the next."""
