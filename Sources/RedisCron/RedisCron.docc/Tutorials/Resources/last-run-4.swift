import RedisCron

struct Alarm {
    let events: SchedulerEvents

    func run() async {
        for await event in events {
            guard case .ended(let runs) = event else { continue }
            for run in runs where run.outcome?.isFailure == true {
                print("\(run.id) failed: \(run.error ?? "its worker died, or nobody took it")")
            }
        }
    }
}
