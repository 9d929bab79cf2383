"""Audits: whether the explanations of a run agree with what removal does, with each other and with planted causes."""
