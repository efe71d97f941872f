# SPDX-License-Identifier: EUPL-1.2
<<<<<<< HEAD
"""How soon leaks are found, and how often a meter cries wolf, on real and on simulated homes."""
=======
"""How soon leaks are found and how often nothing is called a leak: ours and the field's rules."""
>>>>>>> bench
