"""Hooks of scheduled work: name the jobs, run the jobs."""

from __future__ import annotations

from typing import Protocol

from hyperhost.contracts.schedule import Job, JobReport
from hyperhost.hookspecs.markers import hookspec

__all__ = ["ScheduleHooks"]


class ScheduleHooks(Protocol):
    """Work at set times."""

    @hookspec(on_fault="skip")
    def schedule_jobs(self) -> list[Job]:
        """Name the jobs of this plugin.

        Every plugin is asked when the schedule is made: at start, and when plugins come and go. A
        fault leaves the plugin's jobs out. Of two jobs of one name the first counts, and the other
        is reported.

        Returns:
            Jobs in no order.

        Example:
            ```python
            from hyperhost.contracts import Every, Job
            from hyperhost.hookspecs import hookimpl

            class Sweeper:
                @hookimpl
                def schedule_jobs(self) -> list[Job]:
                    return [Job("sweeper.sweep", Every(interval_ms=60_000), "Removes what expired.")]

            host.register(Sweeper())
            [[job]] = host.hook.schedule_jobs()
            assert job.when == Every(60_000)
            ```
        """
        ...

    @hookspec(firstresult=True)
    def schedule_run(self, job: Job) -> JobReport | None:
        """Run a job that is due.

        Plugins are asked in order until one answers; answer only for jobs of your own. One job never
        runs twice at a time. A fault is kept as the outcome of this run, and the job runs again when
        it is next due.

        Args:
            job: The job, as it was named.

        Returns:
            What the run gave, or ``None`` when the job is another plugin's.

        Example:
            ```python
            from hyperhost.contracts import Daily, Job, JobReport
            from hyperhost.hookspecs import hookimpl

            class Sweeper:
                @hookimpl
                def schedule_run(self, job: Job) -> JobReport | None:
                    return JobReport("swept", items=3) if job.name == "sweeper.sweep" else None

            host.register(Sweeper())
            assert host.hook.schedule_run(job=Job("sweeper.sweep", Daily(hour=3))).items == 3
            assert host.hook.schedule_run(job=Job("other.job", Daily(hour=3))) is None
            ```
        """
        ...
