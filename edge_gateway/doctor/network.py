# SPDX-License-Identifier: EUPL-1.2
"""The broker and the cloud, as far as they answer."""

import asyncio
import ssl

from edge_gateway.broker.session import tls
from edge_gateway.clock import Clock
from edge_gateway.doctor.verdict import Verdict, fault, good
from edge_gateway.errors import CloudDeniedError, CloudError, GatewayError
from edge_gateway.forwarder import Cloud
from edge_gateway.settings import Settings

TIMEOUT_S = 5.0


async def broker(settings: Settings) -> Verdict:
    """Shake hands by TLS and leave: a session in our name would throw off the running gateway's."""
    where = f"{settings.broker_host}:{settings.broker_port}"
    try:
        context = tls(settings) if settings.broker_tls else None
        async with asyncio.timeout(TIMEOUT_S):
            _, writer = await asyncio.open_connection(
                settings.broker_host,
                settings.broker_port,
                ssl=context,
                server_hostname=context and context.server_name,
            )
            writer.close()
    except ssl.SSLError as error:
        return fault("broker", f"{where} is not the one that we know: {error}.")
    except (OSError, TimeoutError) as error:
        reason = str(error) or "no answer"
        return fault("broker", f"{where} can't be reached: {reason}. systemctl status iskar-broker")
    return good("broker", f"{where} answers.")


async def cloud(settings: Settings, clock: Clock) -> Verdict:
    """Ask for the configuration, as the running gateway does."""
    try:
        async with Cloud(settings, clock) as asked:
            nodes = (await asked.configuration()).get("nodes")
    except CloudDeniedError as error:
        return fault("cloud", f"Our token is refused: {error} Run iskar-field enrol-gateway again.")
    except (CloudError, GatewayError, OSError) as error:
        return fault("cloud", f"{settings.cloud_url} can't be reached. {error}")
    count = len(nodes) if isinstance(nodes, list) else 0
    return good("cloud", f"{settings.cloud_url} answers; it knows {count} nodes of ours.")
