<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en">
<context>
    <name>CaptionDialog</name>
    <message numerus="yes">
        <source>%n picture(s) without a caption</source>
        <translation>
            <numerusform>%n picture without a caption</numerusform>
            <numerusform>%n pictures without a caption</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n selected picture(s)</source>
        <translation>
            <numerusform>%n selected picture</numerusform>
            <numerusform>%n selected pictures</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>All %n picture(s), anew</source>
        <translation>
            <numerusform>All %n picture, anew</numerusform>
            <numerusform>All %n pictures, anew</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>DatasetPanel</name>
    <message numerus="yes">
        <source>%n picture(s)</source>
        <translation>
            <numerusform>%n picture</numerusform>
            <numerusform>%n pictures</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>, %n left out</source>
        <translation>
            <numerusform>, %n left out</numerusform>
            <numerusform>, %n left out</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>GalleryPanel</name>
    <message numerus="yes">
        <source>%n image(s)</source>
        <translation>
            <numerusform>%n image</numerusform>
            <numerusform>%n images</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n image(s) to the bin.</source>
        <translation>
            <numerusform>%n image to the bin.</numerusform>
            <numerusform>%n images to the bin.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>GridDialog</name>
    <message numerus="yes">
        <source>%n image(s), with the prompt and the seed of the page.</source>
        <translation>
            <numerusform>%n image, with the prompt and the seed of the page.</numerusform>
            <numerusform>%n images, with the prompt and the seed of the page.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>HomePanel</name>
    <message numerus="yes">
        <source>%n run(s) so far</source>
        <translation>
            <numerusform>%n run so far</numerusform>
            <numerusform>%n runs so far</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ModelsPanel</name>
    <message numerus="yes">
        <source>%n model(s) on this computer</source>
        <translation>
            <numerusform>%n model on this computer</numerusform>
            <numerusform>%n models on this computer</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>PicturesPage</name>
    <message numerus="yes">
        <source>%n picture(s)</source>
        <translation>
            <numerusform>%n picture</numerusform>
            <numerusform>%n pictures</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>QueueList</name>
    <message numerus="yes">
        <source>%n run(s) will follow, one after the other.</source>
        <translation>
            <numerusform>%n run will follow.</numerusform>
            <numerusform>%n runs will follow, one after the other.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n run(s) wait.</source>
        <translation>
            <numerusform>%n run waits.</numerusform>
            <numerusform>%n runs wait.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>QueueRow</name>
    <message numerus="yes">
        <source>%n step(s)</source>
        <translation>
            <numerusform>%n step</numerusform>
            <numerusform>%n steps</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ReadyPage</name>
    <message numerus="yes">
        <source>%n picture(s)</source>
        <translation>
            <numerusform>%n picture</numerusform>
            <numerusform>%n pictures</numerusform>
        </translation>
    </message>
</context>
</TS>
