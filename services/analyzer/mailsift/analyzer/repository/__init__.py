"""Every query of the analyzer."""
