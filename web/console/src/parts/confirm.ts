type Translate = (key: string, named?: Record<string, unknown>) => string

async function ask(
  t: Translate,
  text: string,
  title: string,
  button: string,
  isDanger: boolean,
): Promise<boolean> {
  const [{ ElMessageBox }] = await Promise.all([
    import('element-plus/es/components/message-box/index'),
    // @ts-expect-error this module holds styles only and has no types
    import('element-plus/es/components/message-box/style/css'),
  ])
  try {
    await ElMessageBox.confirm(text, title, {
      confirmButtonText: button,
      cancelButtonText: t('action.cancel'),
      confirmButtonType: isDanger ? 'danger' : 'primary',
      customClass: 'gj-confirm',
    })
    return true
  } catch {
    return false
  }
}

/** Before something is destroyed: names the thing. */
export function confirmRemoval(t: Translate, name: string, consequence = ''): Promise<boolean> {
  return ask(
    t,
    consequence || t('confirm.removal_text'),
    t('confirm.removal', { name }),
    t('action.delete'),
    true,
  )
}

/** Before a serious change: names the deed on the button. */
export function confirmDeed(t: Translate, title: string, text: string, button: string): Promise<boolean> {
  return ask(t, text, title, button, true)
}

/** Before unsaved words are thrown away. */
export function confirmLeave(t: Translate): Promise<boolean> {
  return ask(t, t('confirm.leave_text'), t('confirm.leave'), t('confirm.leave_button'), true)
}
