// Package queue runs jobs on workers on any machine that reaches the queue's
// server, over NATS JetStream. It knows nothing of what a job does: the command
// line's internal/jobqueue says that for trainings, evaluations and searches.
//
// A job is named by its key, the hash of all that its result depends on. What
// is kept, all of it in JetStream, on disk:
//
//   - a stream of jobs, of which a message is gone once it is acknowledged or
//     given up; the subject ends in the key, so that a job is there once;
//   - a JobState for each key, who runs it since when or what became of it;
//   - an object for each key, its result, and one for each payload that no
//     message takes.
//
// Whoever has the server's token may write all of it, and a disk may flip a bit:
// what is read is sized and checked (decodeDelivery, decodeState, object), and
// what is none of this counts as not there. A result that whoever waits for it
// cannot use (Watch.Do) is removed and made anew, three times at most. What is
// wrong with one job stops no other.
//
// A worker takes a job, says every now and then that it still has it, stores
// the result, writes that it is done, and only then acknowledges. If it dies,
// the job is delivered again. A job that fails, or whose workers die, too often
// is set aside with its error; a machine that has failed it leaves it to others,
// so that one that is itself at fault does not use up its attempts. So each step
// may be done twice and nothing is lost: results must not depend on who made
// them.
package queue
