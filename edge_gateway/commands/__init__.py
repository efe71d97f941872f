# SPDX-License-Identifier: EUPL-1.2
"""The commands besides run and broker: look at a gateway, carry away what it holds, mend."""
