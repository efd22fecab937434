# SPDX-License-Identifier: Apache-2.0
"""grove's private vector server: Qdrant's engine behind Qdrant's REST API. See ../README.md."""
