import Cron
import Testing

struct CronSentenceTests {
    @Test(arguments: [
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        ("0 * * * *", "every hour"),
        ("15 * * * *", "every hour at :15"),
        ("0,30 * * * *", "every 30 minutes"),
        ("10,40 * * * *", "every hour at :10 and :40"),
        ("*/10 9-17 * * 1-5", "every 10 minutes from 09:00 to 17:59, every weekday"),
        ("0 9-17 * * *", "every hour from 09:00 to 17:00"),
        ("5 */2 * * *", "every 2 hours at :05"),
        ("0 7 * * 1-5", "every weekday at 07:00"),
        ("0 7 * * mon-fri", "every weekday at 07:00"),
        ("30 6 * * *", "every day at 06:30"),
        ("0 7,19 * * *", "every day at 07:00 and 19:00"),
        ("0 9 * * 1", "every Monday at 09:00"),
        ("0 9 * * 1,3,5", "every Monday, Wednesday and Friday at 09:00"),
        ("0 9 * * 4-7", "Thursday to Sunday at 09:00"),
        ("0 9 * * 6,0", "every Saturday and Sunday at 09:00"),
        ("0 0 1 * *", "on the 1st of each month at 00:00"),
        ("0 0 2,22,23 * *", "on the 2nd, the 22nd and the 23rd of each month at 00:00"),
        ("0 0 L * *", "on the last day of each month at 00:00"),
        ("0 0 1 1 *", "on the 1st of each month at 00:00 in January"),
        ("0 12 * * 5#2", "on the 2nd Friday of each month at 12:00"),
        ("0 12 * * L5", "on the last Friday of each month at 12:00"),
        ("0 0 11 * 1", "on the 11th of each month and every Monday at 00:00"),
        ("* * * * * */10", "every 10 seconds"),
        ("0 8 * * * 30", "every day at 08:00:30"),
        ("@daily", "every day at 00:00"),
        ("@hourly", "every hour"),
        ("* * * 2,7 *", "every minute in February and July"),
    ])
    func `an expression that is short to say is said`(_ expression: String, _ sentence: String) throws {
        #expect(try CronExpression(expression).sentence == sentence)
    }

    @Test(arguments: ["7,11,13,17,19 * * * *", "0 0 1-9 * *", "0 0 * * * * 2027", "*/7 3,5 * * *", "1 2 3 4 5 6,7,8"])
    func `an expression that takes many words speaks for itself`(_ expression: String) throws {
        #expect(try CronExpression(expression).sentence == nil)
    }
}
