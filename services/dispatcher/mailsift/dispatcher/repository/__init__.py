"""Every query of the dispatcher that moves no job: what is past its time, that it is gone, and what webhooks are told.

Retention asks now(), not clock_timestamp(): only what stands still through a statement can be looked up in an index.
"""
