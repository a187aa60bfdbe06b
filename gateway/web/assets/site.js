// The scripts of a page. Everything works without them.
import { startCountdowns } from "./countdown.js";
import { startLive } from "./live.js";
import { showLocalTimes } from "./local_time.js";

showLocalTimes(document);
startCountdowns(document);
startLive(document);
