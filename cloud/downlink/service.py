# SPDX-License-Identifier: EUPL-1.2
"""Orders are taken from operators, told to gateways, and shown with what came of them."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from cloud.downlink import repository
from cloud.downlink.models import Command, Package, Rollout
from cloud.kit import audit
from cloud.kit.auth.rights import Principal
from cloud.kit.clock import Clock
from cloud.kit.database import Connection, Database
from cloud.kit.errors import CloudError, InvalidRequestError, NotFoundError
from cloud.meters.service import boards_of, gateways_of, lock_gateway, require_gateway
from cloud.readings.orders import Word, words_on_commands, words_on_rollouts
from wire import package
from wire.errors import WireError

LONGEST_WAIT = timedelta(days=31)  # an order that nobody remembers should not be carried out
# For so long after its end a command is still told of, so that a gateway whose clock is a little
# behind ends it by itself, with a notice.
TOLD_AFTER_END = timedelta(hours=1)
MAX_ROLLOUTS_TOLD = 100


class RolloutRunningError(CloudError):
    """Another rollout of the gateway has not ended yet."""

    status = 409
    code = "rollout-running"

    def __init__(self, running: Rollout) -> None:
        super().__init__(
            f"Rollout {running.rollout_id} on gateway {running.gateway_id} has not ended;"
            " stop it first, or wait for it."
        )


class Downlink:
    """Commands, packages and rollouts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def order_command(
        self, caller: Principal, node_id: str, settings: dict[str, int], expires_at: datetime
    ) -> Command:
        """Order settings of a node, or raise NotFoundError or InvalidRequestError."""
        now = self._clock.now()
        if not now < expires_at <= now + LONGEST_WAIT:
            raise InvalidRequestError(
                f"A command can wait from now for up to {LONGEST_WAIT.days} days,"
                f" not until {expires_at:%Y-%m-%d %H:%M:%S %Z}."
            )
        async with self._database.transaction() as connection:
            await _require_node(connection, node_id)
            command = await repository.add_command(
                connection,
                command_id=uuid.uuid4().hex,
                node_id=node_id,
                settings=settings,
                expires_at=expires_at,
                ordered_by=caller.signature,
                ordered_at=now,
            )
            await audit.record(
                connection,
                caller,
                "command.ordered",
                f"node:{node_id}",
                command_id=command.command_id,
                settings=settings,
                expires_at=expires_at,
            )
        return command

    async def commands_of_node(
        self, node_id: str, before: int | None, limit: int
    ) -> list[tuple[Command, Word | None]]:
        """Return a node's commands, newest first, with the word on each."""
        async with self._database.transaction() as connection:
            await _require_node(connection, node_id)
            found = await repository.commands_of_node(connection, node_id, before, limit)
            words = await words_on_commands(connection, [one.command_id for one in found])
        return [(one, words.get(one.command_id)) for one in found]

    async def add_package(self, caller: Principal, content: bytes) -> Package:
        """Keep a package, or raise InvalidRequestError; the signature is for gateways to check.

        They do by a key that the cloud has no part in: who has broken into the cloud can't make
        them take a package.
        """
        try:
            manifest_bytes, _, files = package.split(content)
            manifest = package.decode_manifest(manifest_bytes)
        except WireError as error:
            raise InvalidRequestError(f"This is no package: {error}") from error
        if (manifest["size"], manifest["sha256"]) != (len(files), _digest(files)):
            raise InvalidRequestError("The package's files are not those of its manifest.")
        package_id = _digest(content)
        async with self._database.transaction() as connection:
            is_new = await repository.add_package(
                connection,
                package_id=package_id,
                board=str(manifest["board"]),
                firmware=str(manifest["firmware"]),
                content=content,
                added_by=caller.signature,
                added_at=self._clock.now(),
            )
            kept = await _package(connection, package_id)
            if is_new:
                await audit.record(
                    connection,
                    caller,
                    "package.added",
                    f"package:{package_id}",
                    board=kept.board,
                    firmware=kept.firmware,
                )
        return kept

    async def packages(self) -> list[Package]:
        """Return all packages, newest first."""
        async with self._database.transaction() as connection:
            return await repository.packages(connection)

    async def part(self, package_id: str, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes of a package from ``offset`` on, none beyond its end."""
        async with self._database.transaction() as connection:
            found = await repository.part(connection, package_id, offset, length)
        if found is None:
            raise NotFoundError("package", package_id)
        return found

    async def order_rollout(
        self,
        caller: Principal,
        gateway_id: str,
        *,
        package_id: str,
        node_ids: list[str] | None,
        allows_downgrade: bool,
        limit_s: int,
        settle_s: int,
    ) -> Rollout:
        """Order a rollout, or raise an error that says why it can't be."""
        async with self._database.transaction() as connection:
            await require_gateway(connection, gateway_id)
            await lock_gateway(connection, gateway_id)
            wanted = await _package(connection, package_id)
            for running in await self._open_rollouts(connection, gateway_id):
                raise RolloutRunningError(running)
            boards = await boards_of(connection, gateway_id)
            chosen = node_ids or [one for one in boards if boards[one] == wanted.board]
            _check_nodes(chosen, boards, wanted, gateway_id)
            rollout = await repository.add_rollout(
                connection,
                rollout_id=uuid.uuid4().hex,
                gateway_id=gateway_id,
                package_id=package_id,
                node_ids=chosen,
                allows_downgrade=allows_downgrade,
                limit_s=limit_s,
                settle_s=settle_s,
                ordered_by=caller.signature,
                ordered_at=self._clock.now(),
            )
            await audit.record(
                connection,
                caller,
                "rollout.ordered",
                f"gateway:{gateway_id}",
                rollout_id=rollout.rollout_id,
                package_id=package_id,
                node_ids=chosen,
                allows_downgrade=allows_downgrade,
            )
        return rollout

    async def rollouts_of_gateway(
        self, gateway_id: str, before: int | None, limit: int
    ) -> list[tuple[Rollout, Word | None]]:
        """Return a gateway's rollouts, newest first, with the word on each."""
        async with self._database.transaction() as connection:
            await require_gateway(connection, gateway_id)
            found = await repository.rollouts_of_gateway(connection, gateway_id, before, limit)
            words = await words_on_rollouts(connection, [one.rollout_id for one in found])
        return [(one, words.get(one.rollout_id)) for one in found]

    async def stop_rollout(self, caller: Principal, rollout_id: str) -> tuple[Rollout, Word | None]:
        """Let a rollout go no further; harmless when repeated, and when it has ended by itself."""
        async with self._database.transaction() as connection:
            is_news = await repository.stop_rollout(
                connection, rollout_id, caller.signature, self._clock.now()
            )
            stopped = await repository.rollout(connection, rollout_id)
            words = await words_on_rollouts(connection, [rollout_id])
            if stopped is not None and is_news:
                await audit.record(
                    connection,
                    caller,
                    "rollout.stopped",
                    f"gateway:{stopped.gateway_id}",
                    rollout_id=rollout_id,
                )
        if stopped is None:
            raise NotFoundError("rollout", rollout_id)
        return stopped, words.get(rollout_id)

    async def orders(
        self, gateway_id: str
    ) -> tuple[list[Command], list[tuple[Rollout, Package]], dict[str, str]]:
        """Return what a gateway is to do, oldest first, and the boards of its nodes."""
        async with self._database.transaction() as connection:
            boards = await boards_of(connection, gateway_id)
            ordered = await repository.commands_of_nodes(
                connection, list(boards), self._clock.now() - TOLD_AFTER_END
            )
            words = await words_on_commands(connection, [one.command_id for one in ordered])
            rollouts = await self._open_rollouts(connection, gateway_id)
            named = await repository.packages(connection, {one.package_id for one in rollouts})
        packages = {one.package_id: one for one in named}
        return (
            [one for one in ordered if one.command_id not in words],
            [(one, packages[one.package_id]) for one in rollouts],
            boards,
        )

    async def _open_rollouts(self, connection: Connection, gateway_id: str) -> list[Rollout]:
        latest = await repository.rollouts_of_gateway(
            connection, gateway_id, None, MAX_ROLLOUTS_TOLD
        )
        words = await words_on_rollouts(connection, [one.rollout_id for one in latest])
        return [one for one in latest if one.stopped_at is None and one.rollout_id not in words]


def _check_nodes(
    chosen: Sequence[str], boards: dict[str, str], wanted: Package, gateway_id: str
) -> None:
    if not chosen:
        raise InvalidRequestError(
            f"Gateway {gateway_id} has no node with the board {wanted.board!r} of this package."
        )
    if len(set(chosen)) != len(chosen):
        raise InvalidRequestError("A node is named twice.")
    for node_id in chosen:
        if boards.get(node_id) != wanted.board:
            raise InvalidRequestError(
                f"Node {node_id} is not one of gateway {gateway_id} with the board"
                f" {wanted.board!r} of this package."
            )


async def _require_node(connection: Connection, node_id: str) -> None:
    if not await gateways_of(connection, [node_id]):
        raise NotFoundError("node", node_id)


async def _package(connection: Connection, package_id: str) -> Package:
    found = await repository.packages(connection, [package_id])
    if not found:
        raise NotFoundError("package", package_id)
    return found[0]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
