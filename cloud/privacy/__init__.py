# SPDX-License-Identifier: EUPL-1.2
"""What is kept of people: who changed what, who looked at what, and how to have it or end it.

The audit log is checked here (``chain``, ``anchors``), accesses to people's data are counted
(``counting``), and a person takes or erases what ``catalogue`` lists.
"""
