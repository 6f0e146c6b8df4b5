import type { Act } from '../api/types'
import type { Outgoing } from '../live/outbox'
import type { Conversation } from './agent'

/** What a step may do; a seam for tests. */
export interface StepWorld {
  appid: string
  phoneId: string
  meId: string
  openid(): string
  phone: {
    follow(): Promise<unknown>
    unfollow(): Promise<unknown>
    send(outgoing: Outgoing): Promise<unknown>
    tapMenu(key: string): Promise<unknown>
    tapNewestItem(index: number): Promise<unknown>
    /** Brings the account's chat on the screen. */
    showChat(): void
    showProfile(): void
  }
  agent: {
    find(openid: string): Promise<Conversation | undefined>
    setStatus(status: string): Promise<unknown>
    pickUp(id: string): Promise<Conversation>
    showTyping(id: string, isTyping: boolean): Promise<unknown>
    write(id: string, text: string, isNote: boolean): Promise<unknown>
    inviteRating(id: string): Promise<unknown>
    close(id: string, act: Pick<Act, 'category' | 'result'>): Promise<unknown>
  }
  /** Opens the conversation in the console beside. */
  showConversation(id: string): void
  forward(seconds: number): Promise<unknown>
  wait(milliseconds: number): Promise<void>
}

/** A step that can't be done now; `reason` is a key of the locale files. */
export class StepRefused extends Error {
  constructor(readonly reason: 'no_conversation' | 'no_menu_item' | 'unknown_act') {
    super(reason)
  }
}

const FIND_TRIES = 12
const FIND_PAUSE_MS = 500
const LOOK_MS = 700
/** A reader's pace of writing, so that "typing…" is seen on the phone. */
const WRITE_MS = 1200

/** Again while it is refused: what the step needs may still be on its way. */
async function patiently<T>(world: StepWorld, deed: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await deed()
    } catch (error) {
      if (!(error instanceof StepRefused) || tries === FIND_TRIES) throw error
    }
    await world.wait(FIND_PAUSE_MS)
  }
}

/** The open conversation of this customer. */
function findConversation(world: StepWorld): Promise<Conversation> {
  return patiently(world, async () => {
    const found = await world.agent.find(world.openid())
    if (!found) throw new StepRefused('no_conversation')
    return found
  })
}

/** The conversation in the agent's own hands, and open in the console. */
async function takeConversation(world: StepWorld): Promise<Conversation> {
  const found = await findConversation(world)
  const own = found.agent_id === world.meId ? found : await world.agent.pickUp(found.id)
  world.showConversation(own.id)
  return own
}

async function reply(world: StepWorld, text: string): Promise<void> {
  const { id } = await takeConversation(world)
  world.phone.showChat()
  // "Typing" may be lost; the answer may not.
  await world.agent.showTyping(id, true).catch(() => undefined)
  await world.wait(WRITE_MS)
  await world.agent.write(id, text, false)
  await world.agent.showTyping(id, false).catch(() => undefined)
}

const DEEDS: Record<string, (world: StepWorld, act: Act) => Promise<unknown>> = {
  async follow(world) {
    world.phone.showProfile()
    await world.wait(LOOK_MS)
    await world.phone.follow()
    world.phone.showChat()
  },
  async unfollow(world) {
    world.phone.showProfile()
    await world.wait(LOOK_MS)
    await world.phone.unfollow()
  },
  message(world, act) {
    world.phone.showChat()
    const { kind, content } = act.message ?? { kind: 'text', content: {} }
    return world.phone.send({ phoneId: world.phoneId, appid: world.appid, kind, content })
  },
  menu(world, act) {
    world.phone.showChat()
    return world.phone.tapMenu(act.key ?? '')
  },
  tap_menu_item(world, act) {
    world.phone.showChat()
    return patiently(world, () => world.phone.tapNewestItem(act.index ?? 0))
  },
  presence: (world, act) => world.agent.setStatus(act.status ?? 'online'),
  pickup: (world) => takeConversation(world),
  reply: (world, act) => reply(world, act.text ?? ''),
  async note(world, act) {
    const { id } = await takeConversation(world)
    await world.agent.write(id, act.text ?? '', true)
  },
  async invite_rating(world) {
    const { id } = await takeConversation(world)
    await world.agent.inviteRating(id)
  },
  async close(world, act) {
    const { id } = await takeConversation(world)
    await world.agent.close(id, act)
  },
  clock: (world, act) => world.forward(act.advance_seconds ?? 60),
  watch: () => Promise.resolve(),
}

/** Does what a step says, for real: the customer's by his phone, the agent's by his own session. */
export async function runAct(world: StepWorld, act: Act): Promise<void> {
  const deed = Object.hasOwn(DEEDS, act.kind) ? DEEDS[act.kind] : undefined
  if (!deed) throw new StepRefused('unknown_act')
  await deed(world, act)
}
