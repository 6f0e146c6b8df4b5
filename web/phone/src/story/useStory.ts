import { computed, ref, shallowRef, watch } from 'vue'
import { ApiError } from '@shared/api/envelope'
import { useSession } from '@shared/session/session'
import { learnServerTime } from '@shared/time/clock'
import { emulator } from '../api/emulator'
import type { Account, Story } from '../api/types'
import type { Device } from '../frame/device'
import type { Phones } from '../live/phones'
import { agent } from './agent'
import { heldRun, keepRun, type Run } from './run'
import { runAct, StepRefused, type StepWorld } from './steps'

/** Between two steps that play by themselves, so that each can be read. */
const READING_MS = 3500
const STATUS_LOOKS = 6
const STATUS_LOOK_MS = 250

export interface StoryFaces {
  device(): Pick<Device, 'go' | 'goFromList'> | undefined
  showConversation(id: string): void
  /** Presses a control of the console; false if it is not there. */
  press(name: string): boolean
  /** A new phone takes the stage. */
  onPhone(phoneId: string): void
}

const wait = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))

/** One run of one story: which step comes, what it does, and going on by itself. */
export function useStory(phones: Phones, faces: StoryFaces) {
  const session = useSession()
  const story = shallowRef<Story | null>(null)
  const accounts = ref<Account[]>([])
  const run = ref<Run | null>(null)
  const isRunning = ref(false)
  const isPlaying = ref(false)
  const failure = ref<{ reason: string; words: string } | null>(null)
  const doneIndex = computed(() => (run.value?.next ?? 0) - 1)
  const isOver = computed(() => !!story.value && !!run.value && run.value.next >= story.value.steps.length)
  let timer: ReturnType<typeof setTimeout> | undefined

  async function stage(next: Run): Promise<void> {
    await phones.add(next.phoneId)
    phones.order.value.filter((id) => id !== next.phoneId).forEach((id) => phones.remove(id))
    run.value = next
    keepRun(next)
    faces.onPhone(next.phoneId)
  }

  async function newRun(held: Story): Promise<void> {
    const phone = await emulator.addPhone(held.customer_name, true)
    await stage({ story: held.key, phoneId: phone.id, next: 0 })
  }

  /** Chooses a story; goes on where this tab left it. */
  async function choose(key: string): Promise<void> {
    stop()
    failure.value = null
    const [found, all] = await Promise.all([emulator.story(key), emulator.accounts()])
    story.value = found
    accounts.value = all
    const held = heldRun(key)
    if (held && held.next <= found.steps.length) {
      try {
        return await stage(held)
      } catch (error) {
        // The data are new; the phone of that run is gone.
        if (!(error instanceof ApiError) || error.status !== 404) throw error
      }
    }
    await newRun(found)
  }

  /** From the first step, with a new customer; the old conversation is closed, so that the agent is free. */
  async function restart(): Promise<void> {
    stop()
    failure.value = null
    if (!story.value) return
    await closeOld().catch(() => undefined)
    await newRun(story.value)
  }

  async function closeOld(): Promise<void> {
    const openid = run.value && phones.states[run.value.phoneId]?.phone.openids[story.value?.appid ?? '']
    const found = openid ? await agent.find(openid) : undefined
    if (found && found.agent_id === session.person.value?.id) await agent.close(found.id, {})
  }

  function world(held: Run, appid: string): StepWorld {
    const { phoneId } = held
    return {
      appid,
      phoneId,
      meId: session.person.value?.id ?? '',
      openid: () => phones.states[phoneId]?.phone.openids[appid] ?? '',
      phone: {
        follow: () => emulator.follow(phoneId, appid).then(() => phones.readChats(phoneId)),
        unfollow: () => emulator.unfollow(phoneId, appid).then(() => phones.readChats(phoneId)),
        send: (outgoing) => phones.send(outgoing),
        tapMenu: (key) => emulator.tapMenu(phoneId, appid, key, 'click'),
        tapNewestItem: (index) => tapNewestItem(phoneId, appid, index),
        showChat: () => faces.device()?.goFromList({ name: 'chat', appid }),
        showProfile: () => faces.device()?.goFromList({ name: 'profile', appid }),
      },
      agent: { ...agent, setStatus },
      showConversation: faces.showConversation,
      forward: async (seconds) => learnServerTime((await emulator.forward(seconds)).now),
      wait,
    }
  }

  /** By the console's own switch, so that it knows; by its route where the switch is not to be seen. */
  async function setStatus(status: string): Promise<void> {
    if (faces.press(`presence-${status}`)) {
      for (let looks = 0; looks < STATUS_LOOKS; looks++) {
        await wait(STATUS_LOOK_MS)
        if ((await agent.status()) === status) return
      }
    }
    await agent.setStatus(status)
  }

  async function tapNewestItem(phoneId: string, appid: string, index: number): Promise<void> {
    const messages = phones.states[phoneId]?.logs[appid]?.messages ?? []
    const menu = messages.filter((message) => message.kind === 'menu').pop()
    const item = menu?.content.items?.[index]
    if (!menu || !item) throw new StepRefused('no_menu_item')
    await emulator.tapItem(phoneId, appid, menu.id, item.id)
  }

  /** Does the next step; true if it was done. */
  async function step(): Promise<boolean> {
    const held = run.value
    const next = held && story.value?.steps[held.next]
    if (!held || !next || isRunning.value) return false
    isRunning.value = true
    failure.value = null
    try {
      await runAct(world(held, story.value!.appid), next.act)
      run.value = { ...held, next: held.next + 1 }
      keepRun(run.value)
      return true
    } catch (error) {
      failure.value = tell(error)
      return false
    } finally {
      isRunning.value = false
    }
  }

  function tell(error: unknown): { reason: string; words: string } {
    if (error instanceof StepRefused) return { reason: error.reason, words: '' }
    if (error instanceof ApiError && error.status > 0) return { reason: error.error, words: error.message }
    return { reason: 'unreachable', words: '' }
  }

  async function playOn(): Promise<void> {
    if (!isPlaying.value) return
    if (!(await step()) || isOver.value) return stop()
    timer = setTimeout(() => void playOn(), READING_MS)
  }

  function stop(): void {
    isPlaying.value = false
    clearTimeout(timer)
  }

  function play(): void {
    if (isPlaying.value) return stop()
    isPlaying.value = true
    void playOn()
  }

  watch(isOver, (over) => over && stop())
  return {
    story,
    accounts,
    run,
    isRunning,
    isPlaying,
    isOver,
    failure,
    doneIndex,
    choose,
    restart,
    step,
    play,
    stop,
  }
}
