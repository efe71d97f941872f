# SPDX-License-Identifier: EUPL-1.2
"""The jobs of this module: every building's history is reviewed once a day."""

import structlog
from procrastinate.exceptions import AlreadyEnqueued

from cloud.kit.jobs import Jobs
from cloud.validation.review import HistoryReview

log = structlog.get_logger(__name__)

REVIEW = "validation.review_history"
REVIEW_ALL = "validation.review_all_histories"
NIGHTLY = "17 1 * * *"  # UTC: after midnight in Sofia, in summer and winter


def register(jobs: Jobs, review: HistoryReview) -> None:
    """Tell the worker how to review histories, and when."""

    @jobs.app.task(name=REVIEW, queue="validation")
    async def review_history(premises_id: str) -> None:
        await review.of_premises(premises_id)

    @jobs.app.periodic(cron=NIGHTLY)
    @jobs.app.task(name=REVIEW_ALL, queue="validation")
    async def review_all_histories(timestamp: int) -> None:  # noqa: ARG001 - when it was due
        for premises_id in await review.premises_ids():
            once = review_history.configure(queueing_lock=f"{REVIEW} {premises_id}")
            try:
                await once.defer_async(premises_id=premises_id)
            except AlreadyEnqueued:
                log.info("history_review_is_queued", premises_id=premises_id)
