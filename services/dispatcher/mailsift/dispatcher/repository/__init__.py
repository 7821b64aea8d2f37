"""Every query of the dispatcher that moves no job: what is past its time, and that it is gone.

They ask now(), not clock_timestamp(): only what stands still through a statement can be looked up in an index.
"""
