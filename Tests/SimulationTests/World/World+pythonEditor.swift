import RQWire
import RedisCronTesting

@testable import RedisCron

extension World {
    /// An edit as rq-rediscron makes it: read, change, and write the whole hash, the index, the marker and the message
    /// one by one, with anything between them.
    func editLikePython(_ id: String, _ edit: Edit) {
        let key = DefinitionID(id)
        note("Python reads \(id) to \(edit)")
        guard var hash = redis.definitions[key]?.hash else {
            guard edit == .register else { return }
            return saveLikePython(newDefinition(id))
        }
        switch edit {
        case .delete: return deleteLikePython(key)
        case .enqueueTime:
            hash.latestEnqueueTime = editorTime
            hash.nextEnqueueTime = hash.interval.map { editorTime + $0 } ?? nextByCron(hash)
        case .register:
            apply(edit, to: &hash)
            // `register` computes nothing anew where there is a next time.
            if hash.cron != nil, hash.nextEnqueueTime == nil { hash.nextEnqueueTime = nextByCron(hash) }
        // It knows no policies and no pauses.
        case .policy, .trigger, .pause, .pauseUntil, .resume: break
        default: apply(edit, to: &hash)
        }
        saveLikePython(hash)
    }

    private func saveLikePython(_ hash: CronJobHash) {
        var hash = hash
        let key = DefinitionID(hash.id)
        if tornWrites[key] != nil { crossedWrites.insert(key) }
        tornWrites[key, default: 0] += 1
        let steps: [(World) -> Void] = [
            { world in
                hash.updatedAt = world.editorTime
                // Its HSET leaves our fields as they are by then.
                let current =
                    world.redis.definitions[key]?.hash ?? CronJobHash(id: "", CallSpec("", queue: "", resultTTL: nil))
                for field in CronJobHash.Field.all where field.isOurs { field.copy(from: current, to: &hash) }
                world.edit(key) { $0.put(hash) }
                world.note("Python wrote the hash of \(hash.id), next \(hash.nextEnqueueTime?.wireFormat ?? "none")")
            },
            { world in
                let score = hash.enabled ? hash.nextEnqueueTime?.score ?? 0 : nil
                world.edit(key) { $0.setScore(score, of: key) }
                world.note("Python wrote the index entry of \(hash.id)")
            },
            { world in world.edit(key) { $0.marker = world.editorTime.scoreText } },
            { world in world.announce(.changed(key)) },
        ]
        perform(steps, on: key)
    }

    private func deleteLikePython(_ key: DefinitionID) {
        if tornWrites[key] != nil { crossedWrites.insert(key) }
        tornWrites[key, default: 0] += 1
        perform(
            [
                { world in
                    world.edit(key) { $0.remove(key) }
                    world.note("Python deleted the hash of \(key.display)")
                },
                { world in world.edit(key) { $0.setScore(nil, of: key) } },
                { world in world.edit(key) { $0.marker = world.editorTime.scoreText } },
                { world in world.announce(.deleted(key)) },
            ], on: key)
    }

    /// One command after the other; now and then the process dies between two, and the write stays half done.
    private func perform(_ steps: [(World) -> Void], on key: DefinitionID) {
        guard let first = steps.first else {
            tornWrites[key]? -= 1
            if tornWrites[key] == 0 { tornWrites[key] = nil }
            return
        }
        after(oneIn(8) ? draw(1_000...2_000_000) : draw(10...1_000)) { world in
            guard !world.redisIsDown, !(world.isTroubled && world.oneIn(60)) else { return }
            first(world)
            world.perform(Array(steps.dropFirst()), on: key)
        }
    }
}
