"""The options of a job, from JSON to what Queue.enqueue takes."""


def job_options(options):
    """Makes RQ's own objects of `retry`, `on_success`, `on_failure`, `on_stopped` and `webhooks`."""
    import rq

    made = dict(options)
    if "retry" in made:
        # As an application would write it: no list where the retries come at once.
        made["retry"] = rq.Retry(max=made["retry"]["max"], interval=made["retry"].get("intervals") or 0)
    for name in ("on_success", "on_failure", "on_stopped"):
        if name in made:
            made[name] = rq.Callback(made[name])
    if "webhooks" in made:
        made["webhooks"] = [rq.Webhook(**webhook) for webhook in made["webhooks"]]
    return made
