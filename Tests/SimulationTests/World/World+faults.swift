import RQWire

@testable import RedisCron

extension World {
    /// Deals one fault after another until the trouble ends.
    func dealFaults() {
        let faults = Scenario.Fault.allCases.filter { scenario.faults.contains($0) && $0.isDealt }
        guard !faults.isEmpty else { return }
        after(draw(0...scenario.faultEvery * 2)) { world in
            guard world.isTroubled else { return }
            world.deal(faults[Int(world.draw(0...Int64(faults.count - 1)))])
            world.dealFaults()
        }
    }

    private func deal(_ fault: Scenario.Fault) {
        let node = nodes[Int(draw(0...Int64(nodes.count - 1)))]
        switch fault {
        case .pause: node.pause()
        case .cut: node.cut()
        case .kill:
            node.kill()
            replace(node)
        case .cleanStop:
            node.stop()
            replace(node)
        case .clockStep: node.stepClock(by: draw(-3_000_000...3_000_000))
        case .serverClockStep:
            let step = draw(-2_000_000...2_000_000)
            note("the clock of Redis is stepped by \(step) µs")
            serverOffset += step
            serverSteps += abs(step)
        case .subscriptionCut: node.cutSubscription()
        case .restart: restartRedis(losing: false)
        case .restartWithLoss: restartRedis(losing: true)
        case .lostRequest, .lostReply, .lateExecution, .lostMessage, .slowLink: break
        }
    }

    /// Starts another scheduler in place of one that ends.
    private func replace(_ node: Node) {
        guard let position = nodes.firstIndex(where: { $0 === node }), nodes.count < 12 else { return }
        after(draw(1_000...1_500_000)) { world in
            if !world.isEnding { world.addNode(named: "s\(position).\(world.nodes.count)") }
        }
    }

    /// Begins one more scheduler.
    func addNode(named name: String) {
        let node = Node(name: name, world: self)
        if isTroubled, scenario.faults.contains(.clockStep) { node.clock.step(by: draw(-500_000...500_000)) }
        nodes.append(node)
        running.append(node)
        note("\(name) begins")
        do {
            try node.start()
        } catch {
            oracle.violate("\(name) could not begin: \(error)")
        }
    }

    private func restartRedis(losing: Bool) {
        guard !redisIsDown else { return }
        note("Redis goes down")
        redisIsDown = true
        restarts += 1
        for node in nodes { node.cut(byServer: true) }
        if losing {
            let earliest = time - 1_000_000
            let kept = history.filter { $0.time >= earliest }
            if !kept.isEmpty {
                let chosen = kept[Int(draw(0...Int64(kept.count - 1)))]
                note("Redis has lost what came after \(Double(chosen.time) / 1_000_000)")
                redis = chosen.redis
                oracle.goBack(to: chosen.ledger)
                endRestoredRuns()
                crossedWrites.formUnion(chosen.torn)
            }
        }
        // Python goes on where it was, over a hash that is an older one.
        crossedWrites.formUnion(tornWrites.keys)
        history = []
        after(draw(1_000...2_000_000)) { world in
            world.redisIsDown = false
            world.note("Redis is up again")
        }
    }
}

extension Scenario.Fault {
    /// Whether it is dealt at some time; the others come with a command or a message.
    fileprivate var isDealt: Bool {
        switch self {
        case .lostRequest, .lostReply, .lateExecution, .lostMessage, .slowLink: false
        case .pause, .cut, .kill, .cleanStop, .clockStep, .serverClockStep, .subscriptionCut, .restart,
            .restartWithLoss:
            true
        }
    }
}
